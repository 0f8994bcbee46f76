"""Validators: a file's entity tag and modification date, as values, and HTTP dates as seconds (RFC 9110 §8.8, §5.6.7).

An entity tag is made of what fstat says: the modification time to the nanosecond, and the size. A file system's clock
is coarser than its timestamps: two writes within one of its ticks leave the same time. Until a file has been left
alone for `SETTLED_NS` its tag is therefore weak, and its date is no strong validator either, so that nobody joins the
halves of two versions. The opaque part stays the same when the tag becomes strong, so that caches keep what they have.

A modification time that a tool has set (an archive, a copy, a reproducible build) may be that of other bytes of the
same size. The time of the inode's last change, which no tool can set, is then another one, and is in the tag too.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Final

#: The coarsest clock of a file system still in use is FAT's, with 2 seconds.
SETTLED_NS: Final = 2_000_000_000

_NS_PER_SECOND: Final = 1_000_000_000

# RFC 9110 §8.8.3: entity-tag = [ weak ] opaque-tag; etagc = %x21 / %x23-7E / obs-text
ENTITY_TAG: Final = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*+"'
_ENTITY_TAG: Final = re.compile(ENTITY_TAG)

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH: Final = f"(?P<month>{'|'.join(_MONTHS)})"
_TIME: Final = "(?P<hour>[01][0-9]|2[0-3]):(?P<minute>[0-5][0-9]):(?P<second>[0-5][0-9]|60)"
_DAY_NAME: Final = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_DAY_NAME_LONG: Final = "(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"
# RFC 9110 §5.6.7: one form to write, and two more that a recipient reads.
_DATE_FORMS: Final = (
    re.compile(rf"{_DAY_NAME}, (?P<day>[0-9]{{2}}) {_MONTH} (?P<year>[0-9]{{4}}) {_TIME} GMT"),
    re.compile(rf"{_DAY_NAME_LONG}, (?P<day>[0-9]{{2}})-{_MONTH}-(?P<year>[0-9]{{2}}) {_TIME} GMT"),
    re.compile(rf"{_DAY_NAME} {_MONTH} (?P<day>[0-9]{{2}}| [0-9]) {_TIME} (?P<year>[0-9]{{4}})"),
)


@dataclass(frozen=True, slots=True)
class EntityTag:
    """An entity tag; *opaque* is what stands between its quotes."""

    opaque: str
    weak: bool = False

    @classmethod
    def parse(cls, text: str) -> "EntityTag | None":
        """The tag, or None where *text* is not exactly one."""
        if _ENTITY_TAG.fullmatch(text) is None:
            return None
        return cls(text.removeprefix("W/")[1:-1], weak=text.startswith("W/"))

    def __str__(self) -> str:
        return f'{"W/" if self.weak else ""}"{self.opaque}"'

    def matches_strongly(self, other: "EntityTag") -> bool:
        """RFC 9110 §8.8.3.2: the same, and neither is weak."""
        return self.opaque == other.opaque and not self.weak and not other.weak

    def matches_weakly(self, other: "EntityTag") -> bool:
        """RFC 9110 §8.8.3.2: the same, weak or not."""
        return self.opaque == other.opaque


@dataclass(frozen=True, slots=True)
class Validators:
    """What a file's present state is known by. *last_modified* is in seconds since 1970."""

    etag: EntityTag
    last_modified: int

    @classmethod
    def of(
        cls,
        modified_ns: int,
        size: int,
        now_ns: int,
        *,
        changed_ns: int | None = None,
        coding: str = "",
        made: bool = False,
    ) -> "Validators":
        """The validators of a file of that modification time and *size*, at the time *now_ns*.

        *changed_ns* is when its inode changed last; None where that is not known.
        A representation in a *coding* has a tag of its own; one whose bytes are *made* for the answer a weak one, as
        another version of the compressor may make others.
        """
        opaque = f"{modified_ns:x}-{size:x}"
        if changed_ns is not None and changed_ns != modified_ns:
            opaque += f"-{changed_ns:x}"
        tag = EntityTag(f"{opaque}-{coding}" if coding else opaque, made or now_ns - modified_ns < SETTLED_NS)
        # RFC 9110 §8.8.2.1: never later than the answer's own date.
        return cls(tag, max(0, min(modified_ns, now_ns) // _NS_PER_SECOND))

    def weak(self) -> "Validators":
        """The same, of bytes that may be others."""
        return Validators(EntityTag(self.etag.opaque, weak=True), self.last_modified)

    @property
    def are_strong(self) -> bool:
        """Whether equal validators mean equal bytes."""
        return not self.etag.weak


def format_http_date(seconds: int) -> str:
    """An IMF-fixdate (RFC 9110 §5.6.7)."""
    return formatdate(seconds, usegmt=True)


def parse_http_date(text: str) -> int | None:
    """Seconds since 1970 of an HTTP-date in any of its three forms; None for anything else."""
    found = next((match for form in _DATE_FORMS if (match := form.fullmatch(text))), None)
    if found is None:
        return None
    year = int(found["year"])
    if len(found["year"]) == 2:
        # RFC 9110 wants the nearest year not 50 years ahead. No file is older than 1970, so that a fixed turn will do.
        year += 1900 if year >= 70 else 2000
    try:
        day = datetime(year, 1 + _MONTHS.index(found["month"]), int(found["day"]), tzinfo=UTC)
    except ValueError:
        return None
    return int(day.timestamp()) + 3600 * int(found["hour"]) + 60 * int(found["minute"]) + int(found["second"])
