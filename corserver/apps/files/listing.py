"""A directory's listing: as an HTML page, as JSON, or as text, piece by piece. Pure.

Every link begins with `./` or `../`: a name such as `javascript:alert(1)` is then a path, and the page works wherever
the app is mounted. Names stand in `<bdi>`, so that one written from right to left cannot turn its neighbours around;
each begins at the left and so ends with its extension.
"""

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from html import escape
from itertools import islice
from typing import Final

from corserver.apps.files.entries import Entry, split
from corserver.apps.files.pages import TAIL, head, printable, text
from corserver.cors.scopes import Path

_COLUMNS: Final = (("name", "Name"), ("size", "Size"), ("modified", "Modified (UTC)"))
#: A name that is spelled in a link as it is.
_PLAIN: Final = re.compile(r"[A-Za-z0-9_.~-]+")
_RECORD: Final = json.JSONEncoder(separators=(",", ":"))

_UNITS: Final = ("kB", "MB", "GB", "TB", "PB", "EB")
#: How many entries are looked at before the first is shown.
_LONG: Final = 1000
#: The last second of the year 9999: a file's time may be any number, a date's year has four digits.
_LAST_SECOND: Final = 253402300799


@dataclass(frozen=True, slots=True)
class Order:
    """By which column the page is sorted, and whether from the last on. Directories come first in any case."""

    column: str = "name"
    descending: bool = False

    @classmethod
    def of(cls, query: str) -> "Order":
        """The order that a link of the page asks for; by name for anything else."""
        return _ORDERS.get(query, _BY_NAME)

    @property
    def query(self) -> str:
        """What `of` reads."""
        return f"sort={self.column}{'&desc' * self.descending}"

    def sorted(self, entries: Iterable[Entry]) -> list[Entry]:
        """*entries*, which are sorted by name, in this order."""
        directories, files = split(entries)
        for found in (directories, files):
            if self.column != "name":
                found.sort(key=_KEYS[self.column], reverse=self.descending)
            elif self.descending:
                found.reverse()
        return directories + files


_KEYS: Final[dict[str, Callable[[Entry], int]]] = {
    "size": lambda entry: 0 if entry.is_directory else entry.size,
    "modified": lambda entry: entry.modified,
}
_BY_NAME: Final = Order()
_ORDERS: Final = {order.query: order for column, _ in _COLUMNS for order in (Order(column), Order(column, True))}


def as_html(mount: Path, path: Path, entries: Iterable[Entry], order: Order = _BY_NAME) -> Iterator[str]:
    """The page for the directory at *path* below *mount*. It is summed up above the table, below a long one."""
    yield head(_title(mount, path))
    yield f"<h1>{_crumbs(mount, path)}</h1>\n"
    entries = iter(entries if order == _BY_NAME else order.sorted(entries))
    above = [*islice(entries, _LONG)]
    below = entries if len(above) == _LONG else None
    sums = _Sums()
    sums.add(above)
    if below is None:
        yield sums.sentence
    if above:
        yield _table_head(order)
        yield from map(_row, above)
        for entry in below or ():
            sums.add((entry,))
            yield _row(entry)
        yield "</tbody>\n</table>\n"
    if below is not None:
        yield sums.sentence
    yield TAIL


def as_json(mount: Path, path: Path, entries: Iterable[Entry]) -> Iterator[str]:
    """`{"path": …, "entries": [{"name", "type", "size", "modified", "href"}]}`; a directory has no size."""
    yield f'{{"path":{json.dumps(str(Path(mount.segments + path.segments)))},"entries":['
    comma = ""
    for entry in entries:
        yield comma + _RECORD.encode(_record(entry))
        comma = ",\n"
    yield "]}\n"


def as_text(mount: Path, path: Path, entries: Iterable[Entry]) -> Iterator[str]:
    """A name a line, a directory's with its slash."""
    for entry in entries:
        yield f"{printable(entry.name)}{'/' * entry.is_directory}\n"


def _record(entry: Entry) -> dict[str, object]:
    kind = "directory" if entry.is_directory else "file"
    size = {} if entry.is_directory else {"size": entry.size}
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", _moment(entry.modified))
    return {"name": _printable(entry.name), "type": kind, **size, "modified": moment, "href": _href(entry)}


def _title(mount: Path, path: Path) -> str:
    return "/" + "".join(f"{segment}/" for segment in mount.segments + path.segments)


def _crumbs(mount: Path, path: Path) -> str:
    depth = len(path.segments)
    top = "".join(f"{segment}/" for segment in ("", *mount.segments)).removesuffix("/") or "/"
    names = (top, *path.segments)
    links = [
        f'<a href="{"../" * (depth - level) or "./"}"><bdi>{text(name)}</bdi></a>' for level, name in enumerate(names)
    ]
    # The root is a slash itself.
    return (links[0] + "<i>/</i>" * (top != "/")) + "".join(f"{link}<i>/</i>" for link in links[1:])


@dataclass(slots=True)
class _Sums:
    directories: int = 0
    files: int = 0
    size: int = 0

    def add(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            if entry.is_directory:
                self.directories += 1
            else:
                self.files += 1
                self.size += entry.size

    @property
    def sentence(self) -> str:
        total = f", {_size(self.size)}" if self.files else ""
        counts = ((self.directories, "directory", "directories"), (self.files, "file", "files"))
        said = ", ".join(f"{n} {one if n == 1 else many}" for n, one, many in counts if n) + total
        return f"<p>{said or 'Nothing in here.'}</p>\n"


def _table_head(order: Order) -> str:
    cells = []
    for column, label in _COLUMNS:
        is_chosen = column == order.column
        other = Order(column, is_chosen and not order.descending)
        direction = f' aria-sort="{"descending" if order.descending else "ascending"}"' if is_chosen else ""
        href = "./" if other == _BY_NAME else f"./?{escape(other.query)}"
        cells.append(f'<th scope="col"{direction}><a href="{href}">{label}</a></th>')
    return f"<table>\n<thead><tr>{''.join(cells)}</tr></thead>\n<tbody>\n"


def _row(entry: Entry) -> str:
    slash, kind = ("/", ' class="d"') if entry.is_directory else ("", "")
    size = "" if entry.is_directory else _size(entry.size)
    modified = time.strftime('<time datetime="%Y-%m-%dT%H:%M:%SZ">%Y-%m-%d %H:%M</time>', _moment(entry.modified))
    link = f'<a href="{escape(_href(entry))}"><bdi>{text(entry.name + slash)}</bdi></a>'
    return f"<tr{kind}><td>{link}</td><td>{size}</td><td>{modified}</td></tr>\n"


def _href(entry: Entry) -> str:
    # Path's own spelling, so that the link is the one form that the server would redirect to.
    if _PLAIN.fullmatch(entry.name):
        return f"./{entry.name}{'/' * entry.is_directory}"
    return "." + str(Path((entry.name,), slash=entry.is_directory))


def _printable(name: str) -> str:
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _size(size: int) -> str:
    if size < 1000:
        return f"{size} B"
    # The power of 1000 that leaves the number, once rounded, with at most three digits.
    power = next((power for power in range(1, len(_UNITS)) if size < 999.5 * 1000**power), len(_UNITS))
    amount = size / 1000**power
    return f'<data value="{size}">{amount:.{1 if amount < 9.95 else 0}f} {_UNITS[power - 1]}</data>'


def _moment(seconds: int) -> time.struct_time:
    return time.gmtime(max(0, min(seconds, _LAST_SECOND)))
