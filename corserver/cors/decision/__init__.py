"""What CORS does with one request, and why: the one value that the answer, the log, `check` and the tests all read."""

from .decision import Decision, Decoration, printable
from .reason import Outcome, Reason
from .request import CORSRequest, Kind
from .rules import OriginPredicate, Rules, requested_names

__all__ = [
    "CORSRequest",
    "Decision",
    "Decoration",
    "Kind",
    "OriginPredicate",
    "Outcome",
    "Reason",
    "Rules",
    "printable",
    "requested_names",
]
