"""Paths: normalised, matched, and which policy governs this path and method. The router is built on the same pieces."""

from corserver.cors.scopes.path import BadPath, Path
from corserver.cors.scopes.pattern import Leaf, ParameterType, PathPattern, PathTable
from corserver.cors.scopes.scopes import INHERIT, Inherit, PolicyChoice, Scope, Scopes

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
