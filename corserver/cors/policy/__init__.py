"""A policy: which origins may do what. Checked once, compiled once, never wrong afterwards."""

from .faults import Fault, PolicyError, Refusal
from .policy import Policy

__all__ = ["Fault", "Policy", "PolicyError", "Refusal"]
