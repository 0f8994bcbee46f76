"""What is asked: may a script on this page send this request and read the answer?"""

from dataclasses import dataclass

from corserver.cors.browser import CHROMIUM, FIREFOX, SAFARI, STANDARD, Browser, Credentials, Mode, Request, Url
from corserver.cors.fetch import Field

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
