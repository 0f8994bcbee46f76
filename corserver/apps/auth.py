"""A name and a password before an app (HTTP's Basic authentication, RFC 7617).

Everything that the app would answer is guarded, its errors too. A preflight never gets here: the server answers it, as
a browser sends none of its credentials with it. The 401 is an answer like any other, so that under a policy a script of
another origin can read it.

The password crosses the network in clear: without TLS this keeps out who is curious, not who listens.
"""

import hmac
from base64 import b64decode
from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from corserver.apps.wrapping import Wrapping
from corserver.http.messages import App, HTTPError, Request, Response

_UNAUTHORIZED: Final = "a name and a password are asked for here"


class BasicAuth(Wrapping):
    """*app*, for those who know one of *users*' names and its password.

    Raises ValueError for a name with a colon, which RFC 7617 §2 has no way to send, for control characters, and where
    there is nobody.
    """

    def __init__(self, app: App, users: Mapping[str, str], *, realm: str = "corserver") -> None:
        if not users:
            raise ValueError("there is nobody who could log in: write at least one name and password")
        for name, password in users.items():
            if ":" in name:
                raise ValueError(f"{name!r}: a user's name has no colon: it ends at the first one")
            if not (name + password).isprintable():
                raise ValueError(f"{name!r}: a name and a password have no control characters")
        if '"' in realm or "\\" in realm or not (realm.isascii() and realm.isprintable()):
            raise ValueError(f"realm={realm!r} is a word or two in ASCII, without quotes and backslashes")
        super().__init__(app)
        # Digests are of one length, so that comparing them tells nothing of what they are of.
        self._digests = [_digest(f"{name}:{password}".encode()) for name, password in users.items()]
        self._challenge = (("WWW-Authenticate", f'Basic realm="{realm}", charset="UTF-8"'),)

    async def __call__(self, request: Request) -> Response:
        """Raises `HTTPError` 401, and whatever the app raises."""
        if not self._knows(request.headers.get_all("authorization")):
            raise HTTPError(401, _UNAUTHORIZED, self._challenge)
        return await self._app(request)

    def _knows(self, lines: tuple[str, ...]) -> bool:
        given = _digest(_credentials(lines[0]) if len(lines) == 1 else b"")
        # Every one is compared, so that the time does not depend on which one it is.
        return sum([hmac.compare_digest(given, digest) for digest in self._digests]) > 0


def _credentials(line: str) -> bytes:
    """What `Basic` credentials decode to; empty for anything else, which no name with its colon is."""
    scheme, _, encoded = line.partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        return b64decode(encoded.strip(" "), validate=True)
    except ValueError:
        return b""


def _digest(credentials: bytes) -> bytes:
    return sha256(credentials).digest()
