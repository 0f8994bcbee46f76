"""A site to ask: requests for an app as a connection makes them, and answers as it sends them."""

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from types import MappingProxyType
from typing import Final

from corserver.cors.scopes import BadPath, Path
from corserver.http.header_lines import Headers
from corserver.http.messages import App, HTTPError, Request, Response

#: A modification time that has settled: 2026-01-02 03:04:05 UTC and a fraction.
SETTLED_NS: Final = 1_767_323_045_123_456_789
SETTLED_DATE: Final = "Fri, 02 Jan 2026 03:04:05 GMT"
#: The opaque part of its entity tag, but for the size.
SETTLED_HEX: Final = f"{SETTLED_NS:x}"
#: What Chromium sends when it is about to show a page.
NAVIGATION = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"}
#: A script, what its copies hold, and what a browser asks for them.
SCRIPT = b"export const a = 1;\n" * 100
COPIES = {"br": b"as brotli", "zstd": b"as zstandard", "gzip": b"as gzip"}
BROWSER = {"accept-encoding": "gzip, deflate, br, zstd"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What went to the client, whether the app returned or raised it."""

    status: int
    headers: Headers
    body: bytes


def make_request(
    target: str, method: str = "GET", headers: Mapping[str, str] = MappingProxyType({}), *, mounted: int = 0
) -> Request:
    """A request as an app sees it that is mounted *mounted* segments deep."""
    lines = tuple((name.encode(), value.encode("latin-1")) for name, value in headers.items())
    path = Path.parse(target.partition("?")[0].encode("latin-1"))
    return Request(method=method, target=target, path=path, headers=Headers(lines)).below(mounted, {})


async def ask(
    app: App, target: str, method: str = "GET", headers: Mapping[str, str] = MappingProxyType({}), *, mounted: int = 0
) -> Answer:
    """The answer of *app*, its body read and closed as a connection does; 400 for a path that a connection refuses."""
    try:
        request = make_request(target, method, headers, mounted=mounted)
    except BadPath as error:
        return await sent(HTTPError(400, str(error)).response(), method)
    try:
        response = await app(request)
    except HTTPError as error:
        response = error.response()
    return await sent(response, method)


async def sent(response: Response, method: str = "GET") -> Answer:
    """*response*, its body read unless *method* is HEAD, and closed in any case."""
    fields = Headers(tuple((name.lower(), value) for name, value in response.headers))
    if isinstance(response.body, bytes):
        return Answer(response.status, fields, b"" if method == "HEAD" else response.body)
    try:
        body = b"" if method == "HEAD" else b"".join([chunk async for chunk in response.body])
    finally:
        await response.body.aclose()  # type: ignore[attr-defined]  # an async iterable may have one; a file's has
    return Answer(response.status, fields, body)


def write(path: FilePath, content: bytes = b"", *, modified_ns: int = SETTLED_NS) -> FilePath:
    """A file, and the directories above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, ns=(modified_ns, modified_ns))
    return path


def tag_of(path: FilePath) -> str:
    """The entity tag of a file whose modification time was set, as `write` does."""
    found = path.stat()
    return f'"{found.st_mtime_ns:x}-{found.st_size:x}-{found.st_ctime_ns:x}"'


def open_descriptors() -> set[str]:
    """The descriptors of this process that refer to regular files and directories."""
    found = set()
    for fd in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):  # the one of this listing
            target = os.readlink(f"/proc/self/fd/{fd}")
            if target.startswith("/") and not target.startswith(("/dev/", "/proc/")):
                found.add(f"{fd} {target}")
    return found
