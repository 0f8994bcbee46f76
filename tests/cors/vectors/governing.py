"""The policies of the vectors, by name."""

from typing import Any, Final

from corserver.cors.policy import Policy


def _sometimes_raising(origin: str) -> bool:
    if "raise" in origin:
        raise RuntimeError(origin)
    return origin.endswith(".asked.example")


def truthy(origin: str) -> Any:
    return origin


_P1: Final[dict[str, Any]] = {
    "origins": ["https://example.com"],
    "methods": ["PUT", "PATCH"],
    "headers": ["content-type", "x-a", "authorization"],
    "expose": ["etag", "x-id"],
    "credentials": True,
    "max_age": 600,
}
_ECHO: Final[dict[str, Any]] = {"origins": ["https://example.com"], "credentials": True}

POLICIES: Final[dict[str, Policy | None]] = {
    "P1": Policy(**_P1),
    "P1-api": Policy(**{**_P1, "origins": ["https://api.example.com"]}),
    "P1-punycode": Policy(**{**_P1, "origins": ["https://xn--exmple-cua.com"]}),
    "P2": Policy(["https://foo.com", "https://bar.com"], credentials=True),
    "PS": Policy(["https://*.example.com"], credentials=True),
    "PP": Policy(["http://localhost:*"]),
    "P*": Policy(["*"], ["*"], ["*"], ["*"]),
    "P*-authorization": Policy(["*"], ["*"], ["*", "authorization"]),
    "PN": None,
    "IPv6": Policy(["http://[::1]:3000"]),
    "IPv4": Policy(["https://93.184.216.34"]),
    "extension": Policy(["chrome-extension://abcdefgh"]),
    "echo": Policy(**_ECHO, methods=["*"], headers=["*"]),
    "echo-methods": Policy(**_ECHO, methods=["*"], headers=["x-a"], max_age=5),
    "echo-headers": Policy(**_ECHO, methods=["PUT"], headers=["*", "authorization"]),
    "expose-all": Policy(**_ECHO, expose=["*"]),
    "max-age-0": Policy(["https://example.com"], max_age=0),
    "max-age-unset": Policy(["https://example.com"]),
    "predicate": Policy(["https://example.com"], predicate=_sometimes_raising),
    "truthy": Policy(predicate=truthy),
}
