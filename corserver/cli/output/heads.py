"""The heads of an exchange, for `-v`: their lines, those that CORS is about marked, secrets masked."""

import re
from collections.abc import Iterator
from typing import Final

from corserver.cors.decision import printable
from corserver.http.log import Entry, shown_method, shown_target
from corserver.tools.words import cased

#: How much of a value is shown, in bytes.
_SHOWN: Final = 1000
_MASK: Final = "***"
_COOKIES: Final = (b"cookie", b"set-cookie")
_CREDENTIALS: Final = (b"authorization", b"proxy-authorization")
#: Headers that are no standard's and hold a secret by their name: X-Api-Key, X-Auth-Token, X-CSRF-Token.
_SECRET: Final = re.compile(rb"api-?key|token|secret|password|passwd|session|credential")
_ABOUT: Final = (b"origin", b"vary", b"cross-origin-resource-policy")


def head_lines(entry: Entry) -> Iterator[tuple[str, bool]]:
    """Each line, `> ` before what was received and `< ` before what was sent; and whether CORS is about it."""
    if entry.method and (entry.request_fields or entry.response_head):
        version = printable(entry.version)
        yield f"> {shown_method(entry.method)} {shown_target(entry.target)} {version}", False
    for name, value in entry.request_fields:
        yield f"> {cased(name)}: {_shown(name, value)}", _is_about_cors(name)
    status, _, _ = entry.response_head.partition(b"\r\n")
    if status:
        yield f"< {printable(status)}", False
    for name, value in entry.response_fields:
        yield f"< {printable(name)}: {_shown(name.lower(), value)}", _is_about_cors(name.lower())


def _is_about_cors(name: bytes) -> bool:
    return name in _ABOUT or name.startswith(b"access-control-")


def _shown(name: bytes, value: bytes) -> str:
    """The value of the header *name*, without what is nobody's business but the client's."""
    if name in _CREDENTIALS:
        return _credentials(value)
    if name in _COOKIES:
        return _cookies(value, is_set=name == b"set-cookie")
    if _SECRET.search(name) and not _is_about_cors(name):
        return _MASK
    return printable(value, _SHOWN)


def _credentials(value: bytes) -> str:
    scheme, space, _ = value.partition(b" ")  # RFC 9110 §11.4: the scheme is no secret; without one all of it may be.
    return f"{printable(scheme, 32)} {_MASK}" if space else _MASK


def _cookies(value: bytes, *, is_set: bool) -> str:
    # RFC 6265 §4: the names of cookies are kept, and of one that is set the attributes, which CORS may hang on.
    parts = [part.strip() for part in value.split(b";")]
    secret = 1 if is_set else len(parts)
    shown = [_named(part) if at < secret else printable(part, _SHOWN) for at, part in enumerate(parts)]
    return "; ".join(shown)


def _named(pair: bytes) -> str:
    name, equals, _ = pair.partition(b"=")
    return f"{printable(name, 100)}={_MASK}" if equals else _MASK if pair else ""
