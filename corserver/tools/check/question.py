"""What is asked: may a script on this page send this request and read the answer?"""

import os
from dataclasses import dataclass

from corserver.cors.browser import (
    CHROMIUM,
    FIREFOX,
    SAFARI,
    STANDARD,
    Browser,
    Credentials,
    Mode,
    Request,
    Url,
    parse_url,
)
from corserver.cors.fetch import Field, is_token
from corserver.cors.origins import diagnose, mend

#: The browsers by the names that people type.
BY_NAME = {"chrome": CHROMIUM, "firefox": FIREFOX, "safari": SAFARI}
#: What a script gives as a string body is sent as this (Fetch "extract a body").
TEXT_BODY: Field = (b"Content-Type", b"text/plain;charset=UTF-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A `fetch()` as a page's script would call it, and what is to be found out.

    *browser* decides; the default is the standard. *read* are the response headers that the script wants, lower-case.
    *security* asks the server with other origins too. *fixes* are the servers whose configuration is wanted.
    """

    url: Url
    origin: bytes
    method: bytes = b"GET"
    headers: tuple[Field, ...] = ()
    body: bytes | None = None
    #: what the browser holds for the URL's host; sent where credentials are
    cookie: bytes | None = None
    credentials: Credentials = Credentials.SAME_ORIGIN
    mode: Mode = Mode.CORS
    browser: Browser = STANDARD
    read: tuple[bytes, ...] = ()
    security: bool = False
    fixes: tuple[str, ...] = ()

    @property
    def request(self) -> Request:
        """The question as the model of the browser takes it."""
        has_type = any(name.lower() == b"content-type" for name, _ in self.headers)
        implied = () if self.body is None or has_type else (TEXT_BODY,)
        return Request(
            url=self.url,
            origin=self.origin,
            method=self.method,
            headers=(*self.headers, *implied),
            has_body=self.body is not None,
            credentials=self.credentials,
            mode=self.mode,
        )


class Unaskable(ValueError):
    """What *why* says is wrong with what was given; *write* is what to write instead, empty where nobody can know."""

    def __init__(self, why: str, write: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.write = write


def asked_url(text: str) -> Url:
    """The URL that *text* is. Raises `Unaskable`."""
    if text and "://" not in text:
        raise Unaskable("has no scheme", f"http://{text} or https://{text}")
    url = parse_url(os.fsencode(text).decode("latin-1"))
    if url is None:
        raise Unaskable("is no URL", "http://HOST[:PORT]/PATH or https://…")
    if not url.is_http:
        raise Unaskable("is neither http nor https, which alone take part in CORS")
    return url


def asked_origin(text: str) -> bytes:
    """The origin that *text* is, `null` too. Raises `Unaskable`."""
    value = os.fsencode(text)
    faults = () if value == b"null" else diagnose(value)
    if faults:
        mended = mend(value)
        why = f"is no origin: an origin {'; it '.join(fault.value for fault in faults)}"
        raise Unaskable(why, "" if mended is None else mended.decode("ascii"))
    return value


def asked_method(text: str) -> bytes:
    """The method that *text* is, as it is written. Raises `Unaskable`."""
    method = os.fsencode(text)
    if not is_token(method):
        raise Unaskable("is no method", "one word, such as PUT")
    return method


def asked_name(text: str) -> bytes:
    """The name of a header that *text* is. Raises `Unaskable`."""
    name = os.fsencode(text)
    if not is_token(name):
        raise Unaskable("is no header name", "a name, such as etag")
    return name
