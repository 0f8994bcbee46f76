"""What CORS does with one request, and why: the one value that the answer, the log, `check` and the tests all read."""

from corserver.cors.decision.decision import Decision
from corserver.cors.decision.reason import Outcome, Reason
from corserver.cors.decision.request import CORSRequest, Kind
from corserver.cors.decision.rules import Rules

__all__ = ["CORSRequest", "Decision", "Kind", "Outcome", "Reason", "Rules"]
