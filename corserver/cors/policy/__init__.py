"""A policy: which origins may do what. Checked once, compiled once, never wrong afterwards."""

from corserver.cors.policy.faults import Fault, PolicyError, Refusal
from corserver.cors.policy.policy import Policy

__all__ = ["Fault", "Policy", "PolicyError", "Refusal"]
