"""What a WebSocket is held to, in bytes, counts and seconds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSocketOptions:
    """Sizes in bytes, times in seconds. Each bounds something that a peer controls.

    >>> from corserver import App, WebSocketOptions
    >>> app = App()
    >>> @app.websocket("/chat", options=WebSocketOptions(message=65536, ping_seconds=10))
    ... async def chat(ws):
    ...     await ws.send_json({"hello": "world"})
    """

    #: A message, decompressed. Beyond: closed with 1009.
    message: int = 16 * 1024 * 1024
    #: Frames of one message. Beyond: closed with 1009.
    fragments: int = 65536
    #: What has arrived and the app has not received. With either, nothing more is read until it does.
    queued_messages: int = 32
    queued_bytes: int = 1024 * 1024
    #: What was sent and the peer has not taken. Beyond, a sender waits.
    unsent: int = 65536
    #: After so much silence the peer is asked whether it is still there; None does not ask. Between one and two times
    #: as long passes until then.
    ping_seconds: float | None = 20.0
    #: How long there may be silence after that. Beyond: the connection is taken for lost.
    pong_seconds: float = 20.0
    #: How long the peer has to answer a close.
    close_seconds: float = 10.0
    #: Whether messages are compressed where the peer can (RFC 7692).
    compress: bool = True
