"""Where the upstream is: a URL, judged once."""

import re
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import SplitResult, unquote, urlsplit

_PORTS: Final = {"http": 80, "https": 443}
_UNIX: Final = re.compile(r"unix:(/[^:]+)(?::(/.*))?")
_PATH: Final = re.compile(r"(?:/[!$&-.0-;=@-Z_a-z~%]*)*")


@dataclass(frozen=True, slots=True)
class Target:
    """An upstream: *host* and *port*, or *uds*, the path of a Unix socket. *authority* is the Host it expects.

    *base* is the path that all of its paths begin with, percent-encoded and without a slash at its end.
    """

    scheme: str
    host: str
    port: int
    authority: str
    base: bytes = b""
    uds: str = ""

    @classmethod
    def parse(cls, url: str) -> Self:
        """The upstream of a URL: `http://host:port/base`, `https://…`, `unix:/path/of.sock` with `:/base` behind it, or
        `http+unix://%2Fpath%2Fof.sock/base`. Raises ValueError.
        """
        unix = _UNIX.fullmatch(url)
        if unix is not None:
            return cls("http", "", 0, "localhost", _base(url, unix[2] or ""), unix[1])
        parts = _split(url)
        if parts.scheme == "http+unix":
            return cls("http", "", 0, "localhost", _base(url, parts.path), unquote(parts.netloc))
        host = parts.hostname or ""
        try:
            host = host.encode("idna").decode("ascii") if not host.isascii() else host
            port = parts.port or _PORTS[parts.scheme]
        except ValueError as error:
            raise ValueError(f"{url!r}: {error}") from error
        name = f"[{host}]" if ":" in host else host
        authority = name if port == _PORTS[parts.scheme] else f"{name}:{port}"
        return cls(parts.scheme, host, port, authority, _base(url, parts.path))

    @property
    def url(self) -> str:
        """It as a URL again."""
        if self.uds:
            return f"unix:{self.uds}"
        return f"{self.scheme}://{self.authority}{self.base.decode('ascii')}"

    def is_named_by(self, scheme: str, authority: str) -> bool:
        """Whether a URL with these two leads to it."""
        default = f":{_PORTS.get(scheme)}"
        return (self.scheme, self.authority.lower()) == (scheme.lower(), authority.lower().removesuffix(default))


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise ValueError(f"{url!r} is not a URL: {error}") from error
    if parts.scheme not in (*_PORTS, "http+unix") or not parts.netloc:
        raise ValueError(f"{url!r} is not the URL of an upstream: write http://localhost:9000, https://… or unix:/path")
    if parts.username is not None or parts.password is not None:
        raise ValueError("the URL of an upstream has no user and password: write an Authorization line for it instead")
    if parts.query or parts.fragment:
        raise ValueError(f"{url!r}: the URL of an upstream has a path at most: leave out what follows it")
    return parts


def _base(url: str, path: str) -> bytes:
    if not _PATH.fullmatch(path) or any(segment in (".", "..") for segment in path.split("/")):
        raise ValueError(f"{url!r}: its path is to be percent-encoded, and without . and .. segments")
    return path.rstrip("/").encode("ascii")
