"""Why a request needs a preflight: the method and each header by name and value."""

from collections.abc import Iterator

from corserver.cors.browser import Browser, Hop, Preflight, Trigger
from corserver.cors.browser.preflights import is_safelisted
from corserver.cors.fetch import CORS_RESPONSE_HEADERS, MAX_SAFELISTED_VALUE, mime_essence
from corserver.tools.words import text

_SAFELISTED_BY_VALUE = frozenset(b"accept accept-language content-language content-type range".split())


def preflight_reasons(hop: Hop, preflight: Preflight, browser: Browser) -> tuple[str, ...]:
    """A sentence for each thing that makes *hop* need *preflight*."""
    return tuple(_reasons(hop, preflight, browser))


def _reasons(hop: Hop, preflight: Preflight, browser: Browser) -> Iterator[str]:
    for trigger in preflight.because:
        match trigger:
            case Trigger.METHOD:
                yield f"{text(preflight.method)} is not GET, HEAD or POST"
            case Trigger.HEADER:
                for name, value in hop.request.headers:
                    if name.lower() in preflight.names and not is_safelisted(name.lower(), value, browser):
                        yield _header_reason(name.lower(), value)
            case _:
                yield trigger.value


def _header_reason(name: bytes, value: bytes) -> str:
    shown = text(name)
    if name in CORS_RESPONSE_HEADERS:
        return f"{shown} is a response header; as a request header it needs leave like any other"
    if name not in _SAFELISTED_BY_VALUE:
        return f"{shown} is not one of the headers that a script may send unasked"
    if len(value) > MAX_SAFELISTED_VALUE:
        return f"the value of {shown} is longer than {MAX_SAFELISTED_VALUE} bytes"
    if name == b"content-type" and mime_essence(value) is not None:
        return f"{shown}: {text(value, 60)} is not application/x-www-form-urlencoded, multipart/form-data or text/plain"
    return f"{shown}: {text(value, 60)} has a value that a script may not send unasked"
