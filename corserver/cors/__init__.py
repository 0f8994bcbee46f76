"""The decision: which origins may read what, and why.

Sans-I/O and on the standard library alone: no trio, h11, clock, logging or async. Read `policy/policy.py` first, then
`decision/`; `scopes/` finds the policy of a path, `browser/` is the other end of the protocol and knows of no policy.

>>> from corserver.cors import CORSRequest, Policy
>>> policy = Policy(["https://site.example"], methods=["PUT"])
>>> decision = policy.decide(CORSRequest(b"GET", origins=(b"https://other.example",)))
>>> decision.allowed, decision.reason.name
(False, 'ORIGIN_NOT_ALLOWED')
>>> from corserver.cors import INHERIT, Path, Scopes
>>> Scopes.of({"/api/*": policy}).choice_for(Path.parse(b"/elsewhere"), "GET") is INHERIT
True
"""

from .decision import CORSRequest, Decision, Kind, Outcome, Reason
from .policy import Fault, Policy, PolicyError, Refusal
from .scopes import INHERIT, BadPath, Path, PathPattern, Scope, Scopes

__all__ = [
    "INHERIT",
    "BadPath",
    "CORSRequest",
    "Decision",
    "Fault",
    "Kind",
    "Outcome",
    "Path",
    "PathPattern",
    "Policy",
    "PolicyError",
    "Reason",
    "Refusal",
    "Scope",
    "Scopes",
]
