"""Recorded cases as values: a case's request, and the recording's own scripted server.

A case is read from JSON as it was written by the recorder (README.md has the fields). Whatever is beyond the CORS
protocol raises `Unmodelled` with a reason; the reasons are general, and none knows a case by its id.
"""

import re
from collections.abc import Mapping
from enum import Enum
from typing import Any, Final, TypeVar

from corserver.cors.browser import (
    Answer,
    Browser,
    Credentials,
    EmbedderPolicy,
    Initiator,
    Message,
    Mode,
    RedirectMode,
    Request,
    parse_url,
)
from corserver.cors.fetch import Field

Case = Mapping[str, Any]
_Kind = TypeVar("_Kind", bound=Enum)

#: What a page may call, or the element that it may have.
_INITIATORS: Final = {
    "fetch": Initiator.FETCH,
    "worker-fetch": Initiator.FETCH,
    "xhr": Initiator.XHR,
    "eventsource": Initiator.EVENT_SOURCE,
    "img": Initiator.IMAGE,
    "media": Initiator.AUDIO,
    "script": Initiator.SCRIPT,
    "import": Initiator.SCRIPT,
    "style": Initiator.STYLE,
    "font": Initiator.FONT,
}
#: The responses that an element has a use for, by the beginning of their Content-Type. HTML says so, and not Fetch.
_TYPES: Final = {
    Initiator.EVENT_SOURCE: b"text/event-stream",
    Initiator.IMAGE: b"image/",
    Initiator.AUDIO: b"audio/",
    Initiator.SCRIPT: b"text/javascript",
    Initiator.STYLE: b"text/css",
    Initiator.FONT: b"font/",
}
#: These are CORS requests whether there is a `crossorigin` or not.
_ALWAYS_CORS: Final = frozenset({"eventsource", "import", "font"})
_OPAQUE_FRAMES: Final = frozenset({"sandbox", "sandbox-srcdoc", "data"})
#: The frame `cross` holds a page of the third origin.
_CROSS_FRAME_ORIGIN: Final = "http://127.0.0.1:18083"
_EMBEDDER_POLICIES: Final = {"COEP": EmbedderPolicy.REQUIRE_CORP, "COEPCL": EmbedderPolicy.CREDENTIALLESS}
#: Where the recorder listened.
_HOSTS: Final = frozenset({"127.0.0.1", "localhost", "xn--bcher-kva.test"})
_PORTS: Final = frozenset({None, 18081, 18082, 18083, 18084, 18085})
_PATH: Final = re.compile(r"/case/[^/?]+(?:/([^/?]+))?(?:\?.*)?")
#: The Content-Type that Fetch "extract a body" gives to a body, when the request has none.
_BODY_TYPES: Final = {
    "text": "text/plain;charset=UTF-8",
    "urlsearchparams": "application/x-www-form-urlencoded;charset=UTF-8",
    "formdata": "multipart/form-data; boundary=x",
    "document": "application/xml;charset=UTF-8",
}


class Unmodelled(Exception):
    """The case is about something that `corserver.cors.browser` does not know; the message is the reason."""


class Thrown(Exception):
    """The API throws before there is a request: a bad URL, an unknown mode, a header that is no byte string."""


def request_of(case: Case) -> Request:
    """The request that the page of *case* makes first."""
    asked = case["request"]
    _refuse_what_is_beyond_cors(case, asked)
    if asked.get("cache") == "only-if-cached":
        raise Thrown  # it needs mode same-origin
    url = parse_url(asked["url"])
    if url is None:
        raise Thrown
    if url.scheme in ("data", "blob"):
        raise Unmodelled("a data: or blob: URL, which is not fetched over HTTP")
    initiator = _INITIATORS[asked["api"]]
    if url.userinfo and initiator is Initiator.XHR:
        raise Unmodelled("an XMLHttpRequest to a URL with userinfo")
    method = asked.get("method", "GET")
    # XMLHttpRequest send() drops the body of a GET or HEAD, and with it its type
    body = None if initiator is Initiator.XHR and method.upper() in ("GET", "HEAD") else asked.get("body")
    return Request(
        url=url,
        origin=_origin(case, asked),
        method=_latin_1(method),
        headers=_with_body_type([(_latin_1(name), _latin_1(value)) for name, value in asked.get("headers", [])], body),
        has_body=body is not None,
        credentials=_credentials(asked),
        mode=_mode(asked),
        redirect=_member(RedirectMode, asked.get("redirect", "follow")),
        initiator=initiator,
        upload_listener=bool(asked.get("upload_listener")),
        embedder_policy=_EMBEDDER_POLICIES.get(case["page"], EmbedderPolicy.UNSAFE_NONE),
    )


def _refuse_what_is_beyond_cors(case: Case, asked: Case) -> None:
    if asked["api"] not in _INITIATORS:
        raise Unmodelled("a beacon or a worker: nothing says how its response fared")
    if case["page"] == "CSP":
        raise Unmodelled("the page's Content Security Policy")
    if "targetAddressSpace" in asked or (case["page"] == "PUB" and not asked["url"].startswith(case["page_origin"])):
        raise Unmodelled("Local Network Access: a permission, decided before CORS")
    if "integrity" in asked:
        raise Unmodelled("subresource integrity")
    if (asked.get("body") or {}).get("kind") == "stream":
        raise Unmodelled("a ReadableStream as body")


def is_element(case: Case) -> bool:
    """Whether something else than a call asks: of it only `load` or `error` can be seen."""
    return case["request"]["api"] not in ("fetch", "worker-fetch", "xhr")


def suits(initiator: Initiator, answer: Answer) -> bool:
    """Whether the element has a use for *answer*, once it has it."""
    types = [value for name, value in answer.headers if name.lower() == b"content-type"]
    is_its_own = bool(types) and types[0].startswith(_TYPES[initiator])
    return is_its_own and (initiator is not Initiator.EVENT_SOURCE or answer.status == 200)


def _is_cors_element(asked: Case) -> bool:
    """HTML "CORS settings attribute": without one an element asks in mode no-cors, and sends cookies."""
    return asked["api"] in _ALWAYS_CORS or bool(asked.get("module")) or "crossorigin" in asked


def _credentials(asked: Case) -> Credentials:
    if asked["api"] in ("fetch", "worker-fetch", "xhr", "eventsource"):
        return _member(Credentials, asked.get("credentials", "same-origin"))
    is_credentialed = not _is_cors_element(asked) or asked.get("crossorigin") == "use-credentials"
    return Credentials.INCLUDE if is_credentialed else Credentials.SAME_ORIGIN


def _mode(asked: Case) -> Mode:
    if asked["api"] in ("fetch", "worker-fetch", "xhr"):
        return _member(Mode, asked.get("mode", "cors"))
    return Mode.CORS if _is_cors_element(asked) else Mode.NO_CORS


def _origin(case: Case, asked: Case) -> bytes:
    frame = asked.get("frame")
    if frame in _OPAQUE_FRAMES:
        return b"null"
    return _latin_1(_CROSS_FRAME_ORIGIN if frame == "cross" else case["page_origin"])


def _with_body_type(headers: list[Field], body: Case | None) -> tuple[Field, ...]:
    if body is None or any(name.lower() == b"content-type" for name, _ in headers):
        return tuple(headers)
    type_ = body.get("type", "").lower() if body["kind"] == "blob" else _BODY_TYPES.get(body["kind"], "")
    return (*headers, (b"Content-Type", _latin_1(type_))) if type_ else tuple(headers)


def _member(kind: type[_Kind], value: str) -> _Kind:
    """Web IDL enumeration: any other string throws. Of the modes a script can ask for three only."""
    try:
        return kind(value)
    except ValueError:
        raise Thrown from None


def _latin_1(text: str) -> bytes:
    """Web IDL "ByteString": a character over U+00FF throws."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        raise Thrown from None


class ScriptedServer:
    """The recorder's server: what it answers to each message of one case."""

    def __init__(self, case: Case, browser: Browser) -> None:
        self.case = case
        self.browser = browser

    def answer(self, message: Message) -> Answer | None:
        """The scripted answer; None where nothing listens or the connection is reset."""
        url = message.hop.request.url
        if url.host not in _HOSTS or url.port not in _PORTS:
            return None
        found = _PATH.fullmatch(url.path)
        if found is None:
            raise Unmodelled("a URL of which the recording does not say how it was answered")
        script = self.case if found[1] in (None, "0") else self.case.get("hops", {}).get(found[1], {})
        is_preflight = message.preflight is not None
        response = script.get("preflight_response" if is_preflight else "actual_response")
        if response is None:
            return Answer(400)  # "Unscripted", and never a CORS header
        if "raw" in response:
            raise Unmodelled("raw bytes: how a browser parses HTTP/1.1")
        if response.get("reset"):
            if is_preflight:
                raise Unmodelled("a preflight whose connection breaks: how often it is repeated")
            return None
        if is_preflight and response["status"] in self.browser.repeated_statuses:
            raise Unmodelled("a preflight with a status that makes the network stack repeat it, once or not")
        return Answer(response["status"], tuple(_reflected(response["headers"], message.origin)))


def _reflected(headers: list[list[str]], origin: bytes | None) -> list[Field]:
    return [(_latin_1(n), _latin_1(v).replace(b"{ORIGIN}", origin or b"")) for n, v in headers]
