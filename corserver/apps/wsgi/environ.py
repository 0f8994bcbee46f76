"""`environ`: a request as a WSGI app sees it (PEP 3333, "environ Variables")."""

import functools
import io
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import unquote_to_bytes
from wsgiref.types import WSGIEnvironment

from corserver.http.messages import Request

#: How much of a body is read ahead, in bytes: an app that reads by line or by a few bytes costs no more than others.
_READ_AHEAD: Final = 65536


class Input(io.RawIOBase):
    """The body of a request, as *read* gives its pieces, `b""` at the end."""

    def __init__(self, read: Callable[[], bytes]) -> None:
        self._read = read
        self._rest = memoryview(b"")
        self._is_at_end = False

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Raises what *read* does."""
        if not self._rest and not self._is_at_end:
            self._rest = memoryview(self._read())
            self._is_at_end = not self._rest
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


def make_environ(
    request: Request, fixed: WSGIEnvironment, root_path: str, read: Callable[[], bytes]
) -> WSGIEnvironment:
    """The environ of *request*, with what is *fixed*. *root_path* is before all; *read* gives the body's pieces."""
    encoded, _, query = request.target.partition("?")
    script_name, path = _split(request, encoded)
    name, port = _server(request)
    client = request.client
    environ: WSGIEnvironment = {
        **fixed,
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": root_path + script_name,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "REQUEST_URI": request.target,
        "RAW_URI": request.target,
        "SERVER_NAME": name,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{request.http_version}",
        "REMOTE_ADDR": client[0] if isinstance(client, tuple) else "",
        "wsgi.url_scheme": request.scheme,
    }
    if isinstance(client, tuple):
        environ["REMOTE_PORT"] = str(client[1])
    has_body, whole = _add_headers(environ, request.headers.fields), request.content.whole
    is_to_come = has_body and whole is None
    environ["wsgi.input"] = io.BufferedReader(Input(read), _READ_AHEAD) if is_to_come else io.BytesIO(whole or b"")
    return environ


def _add_headers(environ: WSGIEnvironment, fields: tuple[tuple[bytes, bytes], ...]) -> bool:
    """Add the header lines. Returns whether a body comes."""
    has_body = False
    for raw_name, raw_value in fields:
        key, value = _variable(raw_name), raw_value.decode("latin-1")
        if key is None:
            continue
        if key == "CONTENT_LENGTH" or key == "HTTP_TRANSFER_ENCODING":
            has_body = value != "0"
        if key in environ:
            value = f"{environ[key]}{'; ' if key == 'HTTP_COOKIE' else ','}{value}"
        environ[key] = value
    return has_body


@functools.lru_cache(maxsize=512)
def _variable(name: bytes) -> str | None:
    """The variable of a header. None for one with an underscore: another with a hyphen there would be the same."""
    if b"_" in name:
        return None
    variable = name.decode("latin-1").upper().replace("-", "_")
    return variable if variable in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{variable}"


def _split(request: Request, encoded: str) -> tuple[str, str]:
    """`SCRIPT_NAME` and `PATH_INFO`: decoded to bytes, which native strings hold as latin-1."""
    path = (unquote_to_bytes(encoded) if "%" in encoded else encoded.encode("ascii")).decode("latin-1")
    if not request.mount.segments:
        return "", path
    mount = _native("/" + "/".join(request.mount.segments))
    if path == mount or path.startswith(mount + "/"):
        return mount, path[len(mount) :]
    # It was written in another way, such as with `//`.
    rest = _native("/".join(request.path.segments))
    return mount, (f"/{rest}" if rest else "") + ("/" if request.path.slash else "")


def _native(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("latin-1")


def _server(request: Request) -> tuple[str, str]:
    """Where it was received; on a Unix socket, the authority that it names."""
    if isinstance(request.server, tuple):
        return request.server[0], str(request.server[1])
    host, colon, port = request.authority.rpartition(":")
    if not colon or port.endswith("]"):
        host, port = request.authority, ""
    return host or "localhost", port or ("443" if request.scheme == "https" else "80")
