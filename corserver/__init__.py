"""corserver: an HTTP/1.1 server on trio and h11 with CORS built in at the protocol layer."""

from corserver.apps.files import StaticFiles
from corserver.apps.router import App
from corserver.cors.policy import Policy, PolicyError
from corserver.cors.scopes import INHERIT, Scopes
from corserver.http.limits import Limits
from corserver.http.log import Entry
from corserver.http.messages import Headers, HTTPError, Request, Response
from corserver.http.server import Server, serve

__all__ = [
    "INHERIT",
    "App",
    "Entry",
    "HTTPError",
    "Headers",
    "Limits",
    "Policy",
    "PolicyError",
    "Request",
    "Response",
    "Scopes",
    "Server",
    "StaticFiles",
    "serve",
]
__version__ = "0.1.0"
