"""The frame of the pages that the app makes itself: one style, light and dark. No script, nothing is loaded."""

import re
from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from html import escape
from typing import Final

_STYLE: Final = r"""
:root {
  color-scheme: light dark;
  --ink: light-dark(#1c2024, #e6e8ea); --paper: light-dark(#fcfcfb, #16181b); --soft: light-dark(#60666d, #9aa1a9);
  --line: light-dark(#e4e5e3, #2a2e33); --tint: light-dark(#f1f2ef, #1f2327); --link: light-dark(#0b57a4, #85bdf5)
}
* { box-sizing: border-box }
body {
  font: 1rem/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 60rem; margin: 0 auto; padding: clamp(1rem, 4vw, 3rem) clamp(.5rem, 3vw, 2rem)
}
h1 { font-size: 1.25rem; font-weight: 600; margin: 0 .75rem; overflow-wrap: anywhere }
h1 i { font-style: normal; font-weight: 400; color: var(--soft); margin: 0 .15em }
h1 a:first-child { margin-left: -.7em; padding: .25em .15em .25em .7em }
h1 a:last-of-type { color: var(--ink) }
bdi { direction: ltr; white-space: pre-wrap }
p { margin: .25rem .75rem 1.25rem; color: var(--soft) }
table + p { margin-top: 1rem }
a { color: var(--link); text-decoration: none }
a:hover, a:focus-visible { text-decoration: underline; text-underline-offset: .2em }
table { border-collapse: collapse; width: 100% }
th { font-size: .85rem; font-weight: 400; text-align: left; border-bottom: 1px solid var(--line) }
th a { color: var(--soft) }
th[aria-sort] a { color: var(--ink); font-weight: 600 }
th[aria-sort] a::after { content: "\a0\2191"; font-weight: 400 }
th[aria-sort=descending] a::after { content: "\a0\2193" }
th, td { padding: .375rem .75rem; vertical-align: baseline }
td:first-child { overflow-wrap: anywhere }
td a { display: block }
th + th, td + td { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; width: 1% }
td + td { color: var(--soft) }
tbody tr:hover { background: var(--tint) }
tbody tr:first-child td { padding-top: .6rem }
.d a { font-weight: 600 }
.status {
  font-size: clamp(4rem, 14vw, 7rem); font-weight: 200; letter-spacing: -.04em; line-height: 1;
  margin: 12vh .75rem 1.25rem .5rem; color: var(--soft)
}
@media (max-width: 38rem) { th:last-child, td:last-child { display: none } }
"""

# The explicit marks of Unicode's bidirectional algorithm: with one of them a program's name can end like a picture's.
_TURNING: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")

#: What the pages need, and nothing else: should a name ever become markup, it still could not run or load anything.
CONTENT_SECURITY_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)

_HEAD: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
"""
TAIL: Final = "</body>\n</html>\n"


def head(title: str) -> str:
    """Everything before the page's content. *title* is text."""
    return _HEAD.format(title=text(title), style=_STYLE)


def printable(name: str) -> str:
    """*name* as it can be shown: bytes that are not UTF-8, and what turns text around, are replacement characters."""
    return _TURNING.sub("\ufffd", name.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))


def text(name: str) -> str:
    """*name* as HTML text."""
    return escape(printable(name))


def error_page(status: int, phrase: str, detail: str, links: Iterable[tuple[str, str]]) -> str:
    """An error for people. *links* are pairs of an address and what it is called."""
    ways = " · ".join(f'<a href="{escape(href)}">{text(name)}</a>' for href, name in links)
    content = (
        f'<div class="status">{status}</div>\n<h1>{text(phrase)}</h1>\n'
        f"<p>{text(_sentence(detail))}</p>\n<p>{ways}</p>\n"
    )
    return head(f"{status} {phrase}") + content + TAIL


def _sentence(detail: str) -> str:
    # Below its heading it stands alone; in a text it follows the status.
    return detail[:1].upper() + detail[1:] + "." * (detail[-1:] not in (".", ""))
