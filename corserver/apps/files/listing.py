"""A directory's listing as an HTML page: text that is escaped, links that stay relative, nothing that runs. Pure.

Every link begins with `./` or `../`: a name such as `javascript:alert(1)` is then a path, and the page works wherever
the app is mounted. Names stand in `<bdi>`, so that one written from right to left cannot turn its neighbours around.
"""

import time
from base64 import b64encode
from collections.abc import Iterable, Iterator
from hashlib import sha256
from html import escape
from typing import Final

from corserver.apps.files.entries import Entry
from corserver.cors.scopes import Path

_STYLE: Final = """
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 16%, transparent) }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 56rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.2rem; font-weight: 600; margin: 0 0 1rem .5rem; overflow-wrap: anywhere }
table { border-collapse: collapse; width: 100% }
th { font-weight: 400; font-size: .85rem; opacity: .7; text-align: left }
th, td { padding: .25rem .5rem; border-bottom: 1px solid var(--line) }
td:first-child { overflow-wrap: anywhere }
th + th, td + td { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; width: 1% }
td + td { opacity: .8 }
tbody tr:hover { background: color-mix(in srgb, currentColor 6%, transparent) }
a { text-decoration: none }
a:hover, a:focus-visible { text-decoration: underline }
p { margin: 1rem .5rem }
@media (max-width: 34rem) { th:last-child, td:last-child { display: none } }
"""

#: What the page needs, and nothing else: should a name ever become markup, it still could not run or load anything.
CONTENT_SECURITY_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)

_HEAD: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<h1>{crumbs}</h1>
"""
_TABLE: Final = """<table>
<thead><tr><th scope="col">Name</th><th scope="col">Size</th><th scope="col">Modified (UTC)</th></tr></thead>
<tbody>
"""
_ROW: Final = '<tr><td><a href="{href}"><bdi>{name}</bdi></a></td><td>{size}</td><td>{modified}</td></tr>\n'

_UNITS: Final = ("kB", "MB", "GB", "TB", "PB", "EB")
#: The last second of the year 9999: a file's time may be any number, a date's year has four digits.
_LAST_SECOND: Final = 253402300799


def render(mount: Path, path: Path, entries: Iterable[Entry]) -> Iterator[str]:
    """The page for the directory at *path* below *mount*, piece by piece."""
    title = _text("/" + "".join(f"{segment}/" for segment in mount.segments + path.segments))
    yield _HEAD.format(title=title, style=_STYLE, crumbs=_crumbs(mount, path))
    rows = 0
    for rows, entry in enumerate(entries, 1):
        if rows == 1:
            yield _TABLE
        yield _row(entry)
    yield "</tbody>\n</table>\n" if rows else "<p>Nothing in here.</p>\n"
    yield "</body>\n</html>\n"


def _crumbs(mount: Path, path: Path) -> str:
    depth = len(path.segments)
    top = "/" + "".join(f"{segment}/" for segment in mount.segments)
    names = (top, *(f"{segment}/" for segment in path.segments))
    return "".join(
        f'<a href="{"../" * (depth - level) or "./"}"><bdi>{_text(name)}</bdi></a>' for level, name in enumerate(names)
    )


def _row(entry: Entry) -> str:
    slash = "/" if entry.is_directory else ""
    # Path's own spelling, so that the link is the one form that the server would redirect to.
    href = "." + str(Path((entry.name,), slash=entry.is_directory))
    return _ROW.format(
        href=escape(href), name=_text(entry.name + slash), size=_size(entry), modified=_modified(entry.modified)
    )


def _text(name: str) -> str:
    """*name* as HTML text; bytes that are not UTF-8 become replacement characters."""
    return escape(name.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))


def _size(entry: Entry) -> str:
    if entry.is_directory:
        return ""
    if entry.size < 1000:
        return f"{entry.size} B"
    # The power of 1000 that leaves the number, once rounded, with at most three digits.
    power = next((power for power in range(1, len(_UNITS)) if entry.size < 999.5 * 1000**power), len(_UNITS))
    amount = entry.size / 1000**power
    return f'<data value="{entry.size}">{amount:.{1 if amount < 9.95 else 0}f} {_UNITS[power - 1]}</data>'


def _modified(seconds: int) -> str:
    moment = time.gmtime(max(0, min(seconds, _LAST_SECOND)))
    return time.strftime('<time datetime="%Y-%m-%dT%H:%M:%SZ">%Y-%m-%d %H:%M</time>', moment)
