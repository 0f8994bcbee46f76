"""The opening handshake of a WebSocket, the server's side (RFC 6455 §4.2)."""

import base64
import hashlib
from dataclasses import dataclass
from typing import Final

from corserver.apps.websocket.deflate import Deflate
from corserver.apps.websocket.options import WebSocketOptions
from corserver.cors.fetch import is_token
from corserver.http.header_lines import HeadersLike, header_fields
from corserver.http.messages import HTTPError, Request, Response, UpgradeHandler

_GUID: Final = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_OWN_HEADERS: Final = b"sec-websocket-"


@dataclass(frozen=True, slots=True)
class Handshake:
    """A handshake that can be accepted. *subprotocols* are the client's, in the order in which it prefers them."""

    key: str
    subprotocols: tuple[str, ...]
    extensions: str

    def deflate(self, options: WebSocketOptions) -> Deflate | None:
        """The compression that was agreed on, if any."""
        return Deflate.agreed(self.extensions, options.message) if options.compress else None

    def response(
        self, subprotocol: str | None, headers: HeadersLike, deflate: Deflate | None, upgrade: UpgradeHandler
    ) -> Response:
        """The 101. Raises ValueError for a subprotocol that was not offered, and for header lines that cannot be."""
        lines = list(header_fields(headers))
        for name, _ in lines:
            if name.lower().startswith(_OWN_HEADERS):
                raise ValueError(f"{name.decode()} is of the handshake: the server writes it")
        accept = base64.b64encode(hashlib.sha1((self.key + _GUID).encode()).digest())
        lines.append((b"Sec-WebSocket-Accept", accept))
        if subprotocol is not None:
            if subprotocol not in self.subprotocols:
                offered = ", ".join(self.subprotocols) or "none"
                raise ValueError(f"the subprotocol {subprotocol!r} was not offered; offered: {offered}")
            lines.append((b"Sec-WebSocket-Protocol", subprotocol.encode("ascii")))
        if deflate is not None:
            lines.append((b"Sec-WebSocket-Extensions", deflate.answer.encode("ascii")))
        return Response(headers=lines, upgrade=upgrade)


def read_handshake(request: Request) -> Handshake:
    """The handshake that *request* is. Raises `HTTPError` 400 (RFC 6455 §4.2.1), which names our version (§4.4)."""
    if not request.asks_for("websocket") or request.method != "GET":
        detail = "here is a WebSocket: it is opened by a GET in HTTP/1.1 with Connection: Upgrade, Upgrade: websocket"
        raise HTTPError(400, detail)
    version = request.headers.get("sec-websocket-version")
    if version != "13":
        detail = f"Sec-WebSocket-Version is to be 13, and is {'missing' if version is None else repr(version)}"
        raise HTTPError(400, detail, {"Sec-WebSocket-Version": "13"})
    keys = request.headers.get_all("sec-websocket-key")
    if len(keys) != 1 or not _is_key(keys[0]):
        raise HTTPError(400, f"Sec-WebSocket-Key is to be one line of 16 bytes in base64, and is {', '.join(keys)!r}")
    offered = tuple(map(str.strip, request.headers.get("sec-websocket-protocol", "").split(",")))
    subprotocols = () if offered == ("",) else offered
    if not all(is_token(name.encode("latin-1")) for name in subprotocols):
        raise HTTPError(400, f"Sec-WebSocket-Protocol is to be a list of tokens, and is {', '.join(offered)!r}")
    return Handshake(keys[0], subprotocols, request.headers.get("sec-websocket-extensions", ""))


def _is_key(key: str) -> bool:
    try:
        return len(key) == 24 and len(base64.b64decode(key, validate=True)) == 16
    except ValueError:
        return False
