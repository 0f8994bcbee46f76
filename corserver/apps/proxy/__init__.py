"""A proxy: another server as an app. `proxy` answers; `links` has the connections to the upstream."""

from corserver.apps.proxy.fallback import Fallback
from corserver.apps.proxy.proxy import Proxy

__all__ = ["Fallback", "Proxy"]
