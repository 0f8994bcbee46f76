"""Files: a directory as an app. `static` answers; `lookup` finds, and lets nothing outside the root be found."""

from corserver.apps.files.static import StaticFiles

__all__ = ["StaticFiles"]
