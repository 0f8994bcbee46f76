"""Selecting: of a file and the compressed copies beside it, the one to answer with, as a representation. Blocks.

Rules:

1. `app.js.br`, `.zst` and `.gz` beside `app.js` are its content in another coding. Each is found by the same lookup, so
   that a link to the outside is none. One that is older than the file is of another version: it is left alone.
2. Whether there are any decides on `Vary: Accept-Encoding`, whatever this client accepts.
3. A part is one of what the same request without `Range` would get (RFC 9110 §15.3.7): of the copy, where the client
   prefers a coding. Who means bytes of the file asks for `identity`, as browsers do with every `Range`.
4. Compressing on the fly, where it is on, is for text of some length that has no copy in a coding that is preferred
   to gzip. Where gzip does not make it smaller the file is sent as it is; so it is to who asks for a part, as nobody
   can tell where in the compressed bytes that would be.
"""

import contextlib
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from corserver.apps.files.finding import File, maybe_file
from corserver.apps.files.gzipping import THRESHOLD, gzipped
from corserver.apps.files.lookup import Opened, Root
from corserver.apps.files.mime import is_compressible, is_packed, media_type
from corserver.apps.files.mounts import is_near
from corserver.apps.files.representations import NOSNIFF, FileState, Line, Representation
from corserver.apps.files.validators import Validators
from corserver.http.fileslice import CHUNK, read_exactly

#: What follows a file's name where its content is in that coding.
SUFFIXES: Final[Mapping[str, bytes]] = {"br": b".br", "zstd": b".zst", "gzip": b".gz"}

#: Among a client's codings: nothing is to be compressed on the fly.
AS_IT_IS: Final = "identity"

_IMMUTABLE: Final = b"max-age=31536000, immutable"
_VARY: Final = (b"Vary", b"Accept-Encoding")
_NS_PER_SECOND: Final = 1_000_000_000

# What bundlers put before the extension: eight and more hexadecimal digits, or eight of base64url or of base32. What a
# person writes is none of these: there have to be digits and letters, of both cases in base64url, and neither a date
# (2024dec25) nor words that a number ends (Photo123, SUMMER24).
_HASHED: Final = re.compile(
    rb"[^/]*[.-](?:"
    rb"(?=[a-f]*[0-9])(?=[0-9]*[a-f])(?!(?:19|20)[0-9]{2}(?:feb|dec)[0-9]*\.)[0-9a-f]{8,64}"
    rb"|(?=[^.]*[0-9])(?=[^.]*[a-z])(?=[^.]*[A-Z])(?![a-z]*(?:[A-Z][a-z]+)*[0-9]+\.)[A-Za-z0-9_-]{8}"
    rb"|(?=[^.]*[0-9][^.]*[A-Z])[A-Z2-7]{8}"
    rb")\.[A-Za-z0-9.]+"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How files are sent: see `StaticFiles`. *finish* puts the user's own lines among those of a response."""

    cache_control: bytes | None
    immutable: bool
    compress: bool
    finish: Callable[[tuple[Line, ...]], tuple[Line, ...]]


@dataclass(frozen=True, slots=True)
class Selected:
    """A representation, and the open file that it is made of."""

    opened: Opened
    representation: Representation


@contextlib.contextmanager
def selected(
    root: Root,
    file: File,
    manner: Manner,
    codings: tuple[str, ...],
    known: Representation | None,
) -> Iterator[Selected]:
    """The representation of *file* for a client of these *codings*; *known*, if it is still the one."""
    kind = media_type(file.name.rpartition(b"/")[2].decode("utf-8", "surrogateescape"))
    with contextlib.ExitStack() as stack:
        copies = {} if is_packed(kind) else dict(_copies(root, file, stack))
        compresses = manner.compress and is_compressible(kind) and file.opened.stat.st_size >= THRESHOLD
        varies = bool(copies) or compresses
        makes = compresses and AS_IT_IS not in codings
        coding = next((each for each in codings if each in copies or (each == "gzip" and makes)), "")
        source = copies.get(coding, file)
        state = FileState.of(source.opened.stat)
        if known is not None and _is_same(known, source.name, state, coding, varies):
            yield Selected(source.opened, known)
        else:
            described = _described(manner, file.name, varies)
            yield Selected(source.opened, _represent(source, state, kind, coding, source is file, varies, described))


def is_hashed(name: bytes) -> bool:
    """Whether a file's name has a hash of its content in it, as bundlers write it: then it never changes."""
    return _HASHED.fullmatch(name.rpartition(b"/")[2]) is not None


def _copies(root: Root, file: File, stack: contextlib.ExitStack) -> Iterator[tuple[str, File]]:
    if file.name.endswith(tuple(SUFFIXES.values())):
        return
    for coding, suffix in SUFFIXES.items():
        copy = maybe_file(root, file.name + suffix)
        if copy is not None:
            stack.enter_context(copy.opened)
            # Tools that copy the time from one to the other do so to the second.
            if _seconds(copy) >= _seconds(file):
                yield coding, copy


def _seconds(file: File) -> int:
    return file.opened.stat.st_mtime_ns // _NS_PER_SECOND


def _is_same(known: Representation, name: bytes, state: FileState, coding: str, varies: bool) -> bool:
    # A weak tag may have become a strong one.
    return (
        known.state == state
        and known.name == name
        and known.coding == coding
        and known.varies == varies
        and not (known.current.etag.weak and known.length == state.size)
    )


def _described(manner: Manner, name: bytes, varies: bool) -> tuple[Line, ...]:
    lines: tuple[Line, ...] = (NOSNIFF,)
    if manner.immutable and is_hashed(name):
        lines = (*lines, (b"Cache-Control", _IMMUTABLE))
    elif manner.cache_control is not None:
        lines = (*lines, (b"Cache-Control", manner.cache_control))
    return manner.finish((*lines, _VARY) if varies else lines)


def _represent(
    source: File, state: FileState, kind: str, coding: str, is_file: bool, varies: bool, described: tuple[Line, ...]
) -> Representation:
    made = bool(coding) and is_file
    current = _validators(source, coding, made=made)
    content = read_exactly(source.opened.fd, 0, state.size) if state.size <= CHUNK else None
    if content is not None and FileState.of(os.fstat(source.opened.fd)) != state:
        current = current.weak()  # Written to meanwhile, or moved, or linked: what was read may be of two versions.
    length: int | None = state.size
    if made:
        content = None if content is None else gzipped(content)
        length = None if content is None else len(content)
        if length is not None and length >= state.size:
            return _represent(source, state, kind, "", is_file, varies, described)
    return Representation.make(
        source.name,
        state,
        media_type=kind,
        current=current,
        length=length,
        content=content,
        described=described,
        varies=varies,
        near=is_near(state.device),
        coding=coding,
    )


def _validators(file: File, coding: str, *, made: bool = False) -> Validators:
    stat, now = file.opened.stat, time.time_ns()
    return Validators.of(stat.st_mtime_ns, stat.st_size, now, changed_ns=stat.st_ctime_ns, coding=coding, made=made)
