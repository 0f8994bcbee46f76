"""A policy of the vectors, and what it decides."""

from corserver.cors.decision import CORSRequest, Decision
from corserver.cors.policy import Policy
from tests.cors.vectors.governing import POLICIES
from tests.cors.vectors.lines import GOOD, acrm


def policy_of(name: str) -> Policy:
    policy = POLICIES[name]
    assert policy is not None
    return policy


def decide(policy: Policy | None, request: CORSRequest) -> Decision:
    return Decision.ungoverned(request) if policy is None else policy.decide(request)


PUT_X = (GOOD, acrm(b"PUT"))
