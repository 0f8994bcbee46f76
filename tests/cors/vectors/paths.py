"""Tables of scopes, and the policy that governs a path."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from corserver.cors.scopes import INHERIT, Inherit

#: A policy a path pattern, by its key in `POLICIES`; None for no policy.
Table = Mapping[str, str | Inherit | None]


@dataclass(frozen=True, slots=True)
class PathVector:
    """A table of scopes, the target and method of a request, and the policy that governs it."""

    id: str
    table: Table
    target: bytes
    expected: str | None
    method: str = "GET"


_PLUS: Final[Table] = {"/service+path": "P1", "/service%20path": "P2"}
_CASE: Final[Table] = {"/*": "P*", "/admin": "P1"}
_PRIVATE: Final[Table] = {"/api/*": "P*", "/api/private": "P1", "/api/private/*": "P2"}
_NESTED: Final[Table] = {"/*": "P1", "/api/*": "P2", "/api/open": INHERIT, "/api/shut": None, "/api/shut/{x}": INHERIT}
_KINDS: Final[Table] = {
    "/i/{x}": "P1",
    "/i/{x:int}": "P2",
    "/i/{x:float}": "PS",
    "/i/{x:uuid}": "PP",
    "/i/{x:path}": "P*",
    "/i/me": "IPv4",
    "/i/*": "IPv6",
}

PATHS: Final = (
    PathVector("M01", _PLUS, b"/service+path", "P1"),
    PathVector("M01", _PLUS, b"/service%2Bpath", "P1"),
    PathVector("M01", _PLUS, b"/service%20path", "P2"),
    PathVector("M01", {"/service path": "P2"}, b"/service%20path", "P2"),
    PathVector("M01", {"/caf\N{LATIN SMALL LETTER E WITH ACUTE}": "P2"}, b"/caf%C3%A9", "P2"),
    PathVector("M01", {"/caf%c3%a9": "P2"}, b"/caf%C3%A9", "P2"),
    PathVector("M01", {"/%2541": "P2"}, b"/%2541", "P2"),
    PathVector("M01", {"/%2541": "P2"}, b"/%41", None),
    PathVector("M02", _CASE, b"/admin", "P1"),
    PathVector("M02", _CASE, b"/Admin", "P*"),
    PathVector("M02", _CASE, b"/%61dmin", "P1"),
    PathVector("M03", _PRIVATE, b"/api", "P*"),
    PathVector("M03", _PRIVATE, b"/api/", "P*"),
    PathVector("M03", _PRIVATE, b"/api/public", "P*"),
    PathVector("M03", _PRIVATE, b"/api/private", "P1"),
    PathVector("M03", _PRIVATE, b"/api/private/", "P2"),
    PathVector("M03", _PRIVATE, b"/api/private/deep/er", "P2"),
    PathVector("M03", _PRIVATE, b"/apix", None),
    PathVector("M03", _PRIVATE, b"/api%2Fprivate", None),
    PathVector("M04", _PRIVATE, b"//api///private", "P1"),
    PathVector("M04", _PRIVATE, b"/api/%70rivate", "P1"),
    PathVector("M04", _PRIVATE, b"/api/private%2Fdeep", "P*"),
    PathVector("M05", _NESTED, b"/", "P1"),
    PathVector("M05", _NESTED, b"/nowhere", "P1"),
    PathVector("M05", _NESTED, b"/api/nowhere", "P2"),
    PathVector("M05", _NESTED, b"/api/open", "P2"),
    PathVector("M05", _NESTED, b"/api/shut", None),
    PathVector("M05", _NESTED, b"/api/shut/x", "P2"),
    PathVector("kinds", _KINDS, b"/i/me", "IPv4"),
    PathVector("kinds", _KINDS, b"/i/you", "P1"),
    PathVector("kinds", _KINDS, b"/i/12", "P2"),
    PathVector("kinds", _KINDS, b"/i/-12", "P2"),
    PathVector("kinds", _KINDS, b"/i/%31%32", "P2"),
    PathVector("kinds", _KINDS, "/i/٣".encode(), "P1"),
    PathVector("kinds", _KINDS, b"/i/1.5", "PS"),
    PathVector("kinds", _KINDS, b"/i/1e5", "P1"),
    PathVector("kinds", _KINDS, b"/i/123e4567-e89b-12d3-a456-426614174000", "PP"),
    PathVector("kinds", _KINDS, b"/i/12/13", "P*"),
    PathVector("kinds", _KINDS, b"/i/me/", "P*"),
    PathVector("kinds", _KINDS, b"/i/%FF", "P*"),
    PathVector("kinds", _KINDS, b"/i", "IPv6"),
    PathVector("kinds", _KINDS, b"/i/", "IPv6"),
)
