"""ASGI apps (version 3), hosted: `asgi(app)` is an app of corserver's, to be served or mounted."""

from corserver.apps.asgi.hosted import Hosted, asgi
from corserver.apps.asgi.lifespan import Lifespan, LifespanFailed
from corserver.apps.asgi.loops import LoopName

__all__ = ["Hosted", "Lifespan", "LifespanFailed", "LoopName", "asgi"]
