"""corserver: an HTTP/1.1 server on trio and h11 with CORS built in at the protocol layer.

The names are loaded when they are first used, so that `corserver.cors` can be had without trio and h11.

>>> from corserver import INHERIT, App, Policy
>>> app = App(cors=Policy(["https://site.example"]))
>>> @app.get("/items", cors=INHERIT)
... async def items(request):
...     return {"items": []}
>>> from corserver.testing import assert_readable, running
>>> with running(app) as server:
...     assert_readable(f"{server.url}/items", origin="https://site.example").status
200
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from corserver.apps.asgi import asgi
    from corserver.apps.files import StaticFiles
    from corserver.apps.proxy import Proxy
    from corserver.apps.router import App
    from corserver.apps.websocket import WebSocket, WebSocketClosed, WebSocketOptions
    from corserver.apps.wsgi import wsgi
    from corserver.cors import INHERIT, Policy, PolicyError, Scopes
    from corserver.http.forms import Form, FormFile
    from corserver.http.header_lines import Headers
    from corserver.http.limits import Limits
    from corserver.http.log import Entry
    from corserver.http.messages import HTTPError, Request, Response
    from corserver.http.server import Server
    from corserver.http.serving import serve
    from corserver.http.workers import serve_workers

__version__ = "0.1.0"

__all__ = [
    "INHERIT",
    "App",
    "Entry",
    "Form",
    "FormFile",
    "HTTPError",
    "Headers",
    "Limits",
    "Policy",
    "PolicyError",
    "Proxy",
    "Request",
    "Response",
    "Scopes",
    "Server",
    "StaticFiles",
    "WebSocket",
    "WebSocketClosed",
    "WebSocketOptions",
    "asgi",
    "serve",
    "serve_workers",
    "wsgi",
]

_HOMES = {
    "corserver.apps.asgi": ("asgi",),
    "corserver.apps.files": ("StaticFiles",),
    "corserver.apps.proxy": ("Proxy",),
    "corserver.apps.router": ("App",),
    "corserver.apps.websocket": ("WebSocket", "WebSocketClosed", "WebSocketOptions"),
    "corserver.apps.wsgi": ("wsgi",),
    "corserver.cors": ("INHERIT", "Policy", "PolicyError", "Scopes"),
    "corserver.http.forms": ("Form", "FormFile"),
    "corserver.http.header_lines": ("Headers",),
    "corserver.http.limits": ("Limits",),
    "corserver.http.log": ("Entry",),
    "corserver.http.messages": ("HTTPError", "Request", "Response"),
    "corserver.http.server": ("Server",),
    "corserver.http.serving": ("serve",),
    "corserver.http.workers": ("serve_workers",),
}


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(module), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
