"""The facts of a request that CORS looks at, and which of the three kinds of request they make."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from ..fetch import Field


class Kind(Enum):
    """How CORS sees a request (Fetch "CORS request", "CORS-preflight request").

    >>> from corserver.cors import CORSRequest, Kind
    >>> CORSRequest(b"GET", origins=(b"https://site.example",)).kind is Kind.ACTUAL
    True
    """

    #: No Origin: nothing asks for permission.
    NOT_CORS = "not cors"
    #: OPTIONS with Origin and Access-Control-Request-Method: a browser asks before it sends.
    PREFLIGHT = "preflight"
    #: Any other request with an Origin, a plain OPTIONS included.
    ACTUAL = "cors"


#: The headers that are looked at, each with the field that holds its values.
_FACTS: Final = {
    b"origin": "origins",
    b"access-control-request-method": "requested_methods",
    b"access-control-request-headers": "requested_headers",
    b"access-control-request-private-network": "private_network",
    b"upgrade": "upgrades",
}


@dataclass(frozen=True, slots=True)
class CORSRequest:
    """Method and header values as received: one entry a header line, in order, uninterpreted.

    *own_origin* is the origin that the request was sent to (scheme and Host), where the caller knows it.

    >>> from corserver.cors import CORSRequest
    >>> asked = CORSRequest(b"OPTIONS", origins=(b"https://site.example",), requested_methods=(b"PUT",))
    >>> asked.kind.name, asked.governed_method
    ('PREFLIGHT', b'PUT')
    """

    method: bytes
    origins: tuple[bytes, ...] = ()
    requested_methods: tuple[bytes, ...] = ()
    requested_headers: tuple[bytes, ...] = ()
    own_origin: bytes | None = None
    upgrades: tuple[bytes, ...] = ()
    private_network: tuple[bytes, ...] = ()

    @classmethod
    def read(cls, method: bytes, headers: Iterable[Field], own_origin: bytes | None = None) -> "CORSRequest":
        """Collect the facts from *headers*; names in any case."""
        found: dict[str, tuple[bytes, ...]] = {}
        for name, value in headers:
            if name not in _FACTS and name.islower():
                continue
            fact = _FACTS.get(name.lower())
            if fact is not None:
                found[fact] = (*found.get(fact, ()), value)
        return cls(method, own_origin=own_origin, **found)

    @staticmethod
    def lines(headers: Iterable[Field]) -> tuple[Field, ...]:
        """Those of *headers*, their names in lower case, that `read` looks at."""
        return tuple([line for line in headers if line[0] in _FACTS])

    @property
    def fields(self) -> tuple[Field, ...]:
        """Origin and what a preflight asks for, as header lines: where nothing else of the request is known."""
        lines = {
            b"origin": self.origins,
            b"access-control-request-method": self.requested_methods,
            b"access-control-request-headers": self.requested_headers,
        }
        return tuple((name, value) for name, values in lines.items() for value in values)

    @property
    def is_websocket(self) -> bool:
        """Whether it asks to go on as a WebSocket (RFC 6455 §4.1), among others perhaps."""
        return any(member.strip(b"\t ").lower() == b"websocket" for v in self.upgrades for member in v.split(b","))

    @property
    def is_same_origin(self) -> bool:
        """Whether the page is of the origin that it asks.

        A page of https that asks a server of http comes through a proxy that ends TLS: browsers mix no content.
        """
        origin, own = self.origin, self.own_origin
        if origin is None or own is None:
            return False
        return origin == own or (own.startswith(b"http:") and origin == b"https:" + own[5:])

    @property
    def kind(self) -> Kind:
        """Fetch's own definition, to the letter: anything stricter refuses browsers, anything wider steals OPTIONS."""
        if not self.origins:
            return Kind.NOT_CORS
        if self.method == b"OPTIONS" and self.requested_methods:
            return Kind.PREFLIGHT
        return Kind.ACTUAL

    @property
    def origin(self) -> bytes | None:
        """The Origin, where there is exactly one."""
        return self.origins[0] if len(self.origins) == 1 else None

    @property
    def governed_method(self) -> bytes:
        """The method whose policy counts: the one that a preflight asks for, else the request's own."""
        if self.kind is Kind.PREFLIGHT and len(self.requested_methods) == 1:
            return self.requested_methods[0]
        return self.method
