"""The live view: a page that shows requests as they come, each with its CORS story."""

from corserver.tools.inspect.site import Inspector

__all__ = ["Inspector"]
