"""The header lines of a request as the upstream gets it.

Who asked, for what host and how is said by the server, which knows, in `Forwarded` (RFC 7239) and the `X-Forwarded-*`
that came before it: whatever a client wrote of these is dropped, also where it wrote `_` for `-`, which is the same
variable to an upstream of CGI's kind. Behind a proxy that is trusted it is what that proxy said: the server has put it
into the request.
"""

import functools
from collections.abc import Sequence
from typing import Final

from corserver.apps.proxy.hops import Line, end_to_end, tokens
from corserver.apps.proxy.target import Target
from corserver.http.authority import is_authority
from corserver.http.messages import Request

#: Host, framing and what is expected are the hop's own; Proxy would become the upstream's HTTP_PROXY (CGI).
_DROPPED: Final = frozenset(
    {b"content-length", b"expect", b"forwarded", b"host", b"proxy", b"via", b"x-real-ip", b"x-request-uri"}
)
#: What no line of one's own replaces: how the body goes on, and by what a loop is known.
_NOT_TO_REPLACE: Final = frozenset({b"content-length", b"expect", b"trailer", b"via"})
#: What begins the names of HTTP's other versions in Upgrade.
_OTHER_HTTP: Final = (b"h2", b"http/")


class Outgoing:
    """Makes the lines. *mark* is this proxy's name in Via; *own* replace what else there would be of that name, Host
    too. Raises ValueError for those that cannot.
    """

    def __init__(self, target: Target, *, changes_host: bool, prefix: str, own: Sequence[Line], mark: bytes) -> None:
        lines = tuple((name.lower(), value) for name, value in own)
        self._replaced = frozenset(name for name, _ in lines)
        self._dropped = frozenset(map(_variable, self._replaced)) | _DROPPED
        self._host = _host(lines)
        self._authority = target.authority.encode("ascii")
        self._changes_host = changes_host
        self._prefix = prefix.encode("ascii")
        self._mark = mark
        self._own = tuple(line for line in lines if line[1] and line[0] != b"host")
        #: Most requests of a client have the same lines.
        self._made = functools.lru_cache(maxsize=256)(self._make)

    def has_passed(self, request: Request) -> bool:
        """Whether *request* came through this proxy before (RFC 9110 §7.6.3)."""
        return any(self._mark in value for name, value in request.headers.fields if name == b"via")

    def fields(self, request: Request) -> tuple[Line, ...]:
        """The lines, the host first, framing and all."""
        client = request.client[0] if isinstance(request.client, tuple) else ""
        return self._made(request.headers.fields, client, request.scheme, request.authority, request.http_version)

    def _make(
        self, incoming: tuple[Line, ...], client: str, scheme: str, authority: str, version: str
    ) -> tuple[Line, ...]:
        lines = [(b"host", self._host or self._host_of(authority))]
        lines += [line for line in end_to_end(incoming) if self._is_the_clients(line[0])]
        lines += framing(incoming)
        lines += expecting(incoming, version)
        lines += upgrading(incoming, version)
        if takes_trailers(incoming, version):
            lines += [(b"connection", b"TE"), (b"te", b"trailers")]
        hop = self._hop(incoming, client, scheme, authority, version)
        return (*lines, *(line for line in hop if line[0] not in self._replaced), *self._own)

    def _is_the_clients(self, name: bytes) -> bool:
        variable = _variable(name)
        return variable not in self._dropped and not variable.startswith(b"x-forwarded-")

    def _host_of(self, authority: str) -> bytes:
        return self._authority if self._changes_host or not authority else authority.encode("ascii")

    def _hop(self, incoming: tuple[Line, ...], client: str, scheme: str, authority: str, version: str) -> list[Line]:
        host, proto = authority.encode("ascii"), scheme.encode("ascii")
        quoted = f'"[{client}]"' if ":" in client else client or "unknown"
        forwarded = b'for=%s;host="%s";proto=%s' % (quoted.encode("ascii"), host, proto)
        via = b"%s %s" % (version.encode("ascii"), self._mark)
        earlier = [value for name, value in incoming if name == b"via"]
        lines = [
            (b"forwarded", forwarded),
            (b"x-forwarded-host", host),
            (b"x-forwarded-proto", proto),
            (b"via", b", ".join([*earlier, via])),
        ]
        if client:
            lines.append((b"x-forwarded-for", client.encode("ascii")))
        if self._prefix:
            lines.append((b"x-forwarded-prefix", self._prefix))
        return lines


def _variable(name: bytes) -> bytes:
    """What two names have in common that are one variable in CGI, and in what comes of it."""
    return name.replace(b"_", b"-")


def _host(own: Sequence[Line]) -> bytes:
    """The Host among lines of one's own, empty where there is none. Raises ValueError."""
    host = b""
    for name, value in own:
        if name in _NOT_TO_REPLACE:
            raise ValueError(f"request_headers: the proxy itself writes {name.decode().title()}: leave it out")
        if name == b"host":
            if host or not is_authority(value):
                raise ValueError(f"request_headers: {value.decode('latin-1')!r} is not the one Host of a request")
            host = value
    return host


def has_body(request: Request) -> bool:
    """Whether a body comes with *request*."""
    return any(name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
               for name, value in request.headers.fields)  # fmt: skip


def framing(fields: Sequence[Line]) -> list[Line]:
    """How the body goes on: as it came, each piece when it comes, and what is behind it."""
    for name, value in fields:
        if name == b"content-length":
            return [(name, value)]
        if name == b"transfer-encoding":
            return [(name, b"chunked"), *(line for line in fields if line[0] == b"trailer")]
    return []


def expecting(fields: Sequence[Line], version: str) -> list[Line]:
    """The line that asks for a 100 before the body, if the client does (RFC 9110 §10.1.1)."""
    expects = version != "1.0" and framing(fields) not in ([], [(b"content-length", b"0")])
    return [line for line in fields if line[0] == b"expect"] if expects else []


def takes_trailers(fields: Sequence[Line], version: str) -> bool:
    """Whether the client takes trailers (RFC 9110 §10.1.4)."""
    return version != "1.0" and b"trailers" in tokens(fields, b"te")


def upgrading(fields: Sequence[Line], version: str) -> list[Line]:
    """The lines that ask for another protocol (RFC 9110 §7.8), if the client does: for one, so that it is known which
    one it is then, and none that is HTTP again, whose requests nobody here would see."""
    wanted = [value for name, value in fields if name == b"upgrade"]
    if len(wanted) != 1 or b"," in wanted[0] or wanted[0].lower().startswith(_OTHER_HTTP):
        return []
    if version == "1.0" or b"upgrade" not in tokens(fields, b"connection"):
        return []
    return [(b"connection", b"Upgrade"), (b"upgrade", wanted[0])]
