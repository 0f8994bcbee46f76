"""Paths: normalised, matched, and which policy governs this path and method. The router is built on the same pieces."""

from .path import BadPath, Path
from .pattern import Leaf, ParameterType, PathPattern, PathTable
from .scopes import INHERIT, Inherit, PolicyChoice, Scope, Scopes

__all__ = [
    "INHERIT",
    "BadPath",
    "Inherit",
    "Leaf",
    "ParameterType",
    "Path",
    "PathPattern",
    "PathTable",
    "PolicyChoice",
    "Scope",
    "Scopes",
]
