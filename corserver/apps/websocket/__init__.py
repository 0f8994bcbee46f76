"""WebSockets (RFC 6455), framed by wsproto: for handlers of the router, and for hosted apps."""

from corserver.apps.websocket.closed import WebSocketClosed
from corserver.apps.websocket.options import WebSocketOptions
from corserver.apps.websocket.websocket import WebSocket, WebSocketApp, WebSocketHandler

__all__ = ["WebSocket", "WebSocketApp", "WebSocketClosed", "WebSocketHandler", "WebSocketOptions"]
