"""An app whose pages reload when files change."""

from corserver.apps.live.live import PRIVATE, Live

__all__ = ["PRIVATE", "Live"]
