"""What an HTML form sends: names and values in a query or a body, urlencoded, or multipart with files.

A body is read while it arrives; its names and values are text in UTF-8. The bytes of multipart are taken apart by the
library `multipart`, which the extra `forms` installs. It is strict about a body's beginning and end only as far as it
sees them in one piece; here the boundary that a body begins with and the one that it ends with are found first, so
that how a body is cut into pieces makes no difference (but for a stray LF before a header, which may be overlooked).
"""

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeVar

from corserver.http.percent import urlencoded_pair


class FormError(Exception):
    """A form that is not read: *status* is 400, 413 or 415, and the message a sentence for people."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class FormLimits:
    """What a form may cost. The whole of it, files included, is held in memory: `Limits.body` bounds that."""

    #: Fields and files in a form. Beyond: 413.
    parts: int = 100
    #: A field, in bytes; urlencoded with its name and as it is sent. Beyond: 413.
    field: int = 1024 * 1024
    #: A header line of a part, in bytes, of which a part may have eight. Beyond: 413.
    header: int = 4096


@dataclass(frozen=True, slots=True)
class FormFile:
    """A file of a form. *filename* and *content_type* are what the client says, and no reason to believe it.

    A filename may be empty (a form whose file was left out), an absolute path, `..`, or hold line breaks: do not open a
    path that it is part of.

    >>> from corserver import FormFile
    >>> file = FormFile("photo.png", "image/png", b"...")
    >>> file.filename, len(file.data)
    ('photo.png', 3)
    """

    filename: str
    content_type: str
    data: bytes = field(repr=False)


Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Pairs(Mapping[str, Value]):
    """Names and values in order. As a mapping: the first value of each name."""

    pairs: tuple[tuple[str, Value], ...] = ()

    def get_all(self, name: str) -> tuple[Value, ...]:
        """The values of that name, in order."""
        return tuple(value for key, value in self.pairs if key == name)

    def __getitem__(self, name: str) -> Value:
        for key, value in self.pairs:
            if key == name:
                return value
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(key for key, _ in self.pairs))

    def __len__(self) -> int:
        return len({key for key, _ in self.pairs})


@dataclass(frozen=True, slots=True)
class Query(Pairs[str]):
    """The decoded query of a URL."""


@dataclass(frozen=True, slots=True)
class Form(Pairs[str | FormFile]):
    """The fields and files of a form.

    >>> import urllib.request
    >>> from corserver import App
    >>> from corserver.testing import running
    >>> app = App()
    >>> @app.post("/")
    ... async def greet(request):
    ...     form = await request.form()
    ...     return f"hello, {form['name']}; {form.get_all('colour')}"
    >>> with running(app) as server:
    ...     urllib.request.urlopen(server.url, b"name=Ada&colour=red&colour=blue").read()
    b"hello, Ada; ('red', 'blue')"
    """


async def read_form(content_type: str, chunks: AsyncIterator[bytes], limits: FormLimits) -> Form:
    """The form in *chunks*, a body of that Content-Type. What it costs is bounded as it arrives.

    Raises `FormError`, and RuntimeError where the library for multipart is not installed.
    """
    reader = _reader(content_type, limits)
    async for chunk in chunks:
        reader.feed(chunk)
    reader.end()
    return Form(tuple(reader.pairs))


class _Reader(Protocol):
    pairs: list[tuple[str, str | FormFile]]

    def feed(self, chunk: bytes) -> None: ...

    def end(self) -> None: ...


def _reader(content_type: str, limits: FormLimits) -> _Reader:
    match content_type.partition(";")[0].strip().lower():
        case "application/x-www-form-urlencoded":
            return _Urlencoded(limits)
        case "multipart/form-data":
            return _Multipart(content_type, limits)
        case other:
            wanted = "application/x-www-form-urlencoded or multipart/form-data"
            raise FormError(415, f"a form is sent as {wanted}, not as {other[:100] or 'a body without a Content-Type'}")


class _Urlencoded:
    """`a=1&b=2` (URL Standard, "application/x-www-form-urlencoded parsing"), but for text that is not UTF-8: 400."""

    def __init__(self, limits: FormLimits) -> None:
        self.pairs: list[tuple[str, str | FormFile]] = []
        self._limits = limits
        self._held = bytearray()
        self._separators = 0

    def feed(self, chunk: bytes) -> None:
        first, *others = chunk.split(b"&")
        self._hold(first)
        for piece in others:
            self._separators += 1  # Empty fields, which are dropped, are counted here.
            _check_count(self._separators, self._limits)
            self._finish_field()
            self._hold(piece)

    def end(self) -> None:
        self._finish_field()

    def _hold(self, piece: bytes) -> None:
        self._held += piece
        if len(self._held) > self._limits.field:
            raise FormError(413, f"a field of the form is larger than {self._limits.field} bytes")

    def _finish_field(self) -> None:
        try:
            if self._held:
                self.pairs.append(urlencoded_pair(self._held.decode("utf-8"), errors="strict"))
        except UnicodeDecodeError:
            raise FormError(400, "a field of the form is not in UTF-8") from None
        _check_count(len(self.pairs), self._limits)
        self._held.clear()


class _Multipart:
    """multipart/form-data (RFC 7578), as browsers write it: no preamble, no epilogue, one of each header in a part."""

    def __init__(self, content_type: str, limits: FormLimits) -> None:
        self.pairs: list[tuple[str, str | FormFile]] = []
        self._limits = limits
        self._library = _library()
        boundary = self._library.parse_options_header(content_type)[1].get("boundary", "")
        if not _BOUNDARY.fullmatch(boundary):
            raise FormError(400, "the Content-Type of the form has no boundary that can be one (RFC 2046 §5.1.1)")
        self._parser = self._library.PushMultipartParser(
            boundary, max_header_size=limits.header, max_header_count=8, header_charset="utf-8", strict=True
        )
        self._opening = b"\r\n--" + boundary.encode("ascii")
        self._closing = self._opening + b"--"
        self._held = b"\r\n"  # As if a line had ended before: the first boundary is then found like the others.
        self._begun = False
        self._after: bytes | None = None
        self._part: Any = None  # A segment of the library's, once there was one.
        self._data = bytearray()

    def feed(self, chunk: bytes) -> None:
        if self._after is not None:
            self._follow(chunk)
            return
        self._held += chunk
        if not self._begun and len(self._held) >= len(self._closing):
            self._begun = True
            if not self._held.startswith(self._opening):
                raise FormError(400, "the form does not begin with its boundary")
        end = self._held.find(self._closing)
        if end >= 0:
            size = end + len(self._closing)
            self._after = b""
            self._parse(self._held[:size])
            self._follow(self._held[size:])
        elif (size := len(self._held) - len(self._closing) + 1) > 0:
            self._parse(self._held[:size])
            self._held = self._held[size:]

    def end(self) -> None:
        if self._after not in (b"", b"\r\n"):
            raise FormError(400, "the form does not end with its boundary")
        try:
            self._parser.close()
        except self._library.MultipartError as error:
            raise _malformed(error) from error

    def _follow(self, chunk: bytes) -> None:
        self._after = (self._after or b"") + chunk
        if not b"\r\n".startswith(self._after):
            raise FormError(400, "the form goes on after the boundary that ends it")

    def _parse(self, data: bytes) -> None:
        try:
            for event in self._parser.parse(data):
                if event is None:
                    self._finish_part()
                elif isinstance(event, self._library.MultipartSegment):
                    self._begin_part(event)
                else:
                    self._take(event)
        except self._library.ParserLimitReached as error:
            raise FormError(413, f"the form is too large: {error}") from error
        except self._library.MultipartError as error:
            raise _malformed(error) from error

    def _begin_part(self, part: Any) -> None:
        _check_count(len(self.pairs) + 1, self._limits)
        names = [name for name, _ in part.headerlist]
        if len(names) > len(set(names)) or any(_CONTROL.search(value) for _, value in part.headerlist):
            raise FormError(400, "a part of the form has two headers of one name, or one with control characters")
        self._part, self._data = part, bytearray()

    def _take(self, data: bytes) -> None:
        part = self._part
        if part.filename is None and len(self._data) + len(data) > self._limits.field:
            raise FormError(413, f"the field {part.name[:100]!r} is larger than {self._limits.field} bytes")
        self._data += data

    def _finish_part(self) -> None:
        part, data = self._part, bytes(self._data)
        if part.filename is not None:
            # RFC 7578 §4.4: text/plain where nothing is said.
            self.pairs.append((part.name, FormFile(part.filename, part.header("Content-Type", "text/plain"), data)))
            return
        try:
            self.pairs.append((part.name, data.decode("utf-8")))
        except UnicodeDecodeError:
            raise FormError(400, f"the field {part.name[:100]!r} is not in UTF-8") from None


#: RFC 2046 §5.1.1.
_BOUNDARY: Final = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]", re.ASCII)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def _check_count(count: int, limits: FormLimits) -> None:
    if count > limits.parts:
        raise FormError(413, f"the form has more than {limits.parts} fields")


def _malformed(error: Exception) -> FormError:
    return FormError(400, f"the form is not multipart/form-data: {error.args[0]}")


def _library() -> Any:
    try:
        import multipart
    except ImportError as error:
        raise RuntimeError(_MISSING) from error
    if not hasattr(multipart, "PushMultipartParser"):  # Another library has had a module of that name.
        raise RuntimeError(_MISSING)
    return multipart


_MISSING: Final = "a form in multipart/form-data needs a library: pip install 'corserver[forms]'"
