"""The policies that other CORS libraries are known to be tested with, and what this engine tells under them.

A row's id in the tests names the library family that holds its server to the fact. The lines are this engine's: a
preflight's answer is static, 204 with the whole lists or 403 with nothing; `Vary` says exactly what the answer depends
on; a response is never refused. Whether a browser draws the same conclusion as from the other library's bytes is in
test_peers_browser.py.
"""

from typing import Final

from corserver.cors import CORSRequest, Decision, Policy
from corserver.cors.fetch import Field

LOCAL: Final = "http://localhost:9000"
PAGE: Final = "https://page.example"
SHOP: Final = "https://shop.example"
OTHER: Final = "https://other.example"

POLICIES: Final[dict[str, Policy | None]] = {
    "none": None,
    "credentials": Policy(
        [LOCAL], ["PURGE", "LOCK"], ["Authorization"], ["X-One", "X-Two"], credentials=True, max_age=30
    ),
    "credentials, no headers": Policy([LOCAL], expose=["X-One"], credentials=True, max_age=30),
    "credentials, any header": Policy([LOCAL], headers=["*"], credentials=True, max_age=30),
    "list": Policy([PAGE]),
    "two": Policy([PAGE, SHOP]),
    "lists": Policy([PAGE], ["PUT", "DELETE"], ["X-B", "x-a", "X-b"], ["X-Id"]),
    "subdomains": Policy(["http://*.page.example:*"]),
    "any": Policy(["*"]),
    "any, all": Policy(["*"], ["*"], ["*", "Authorization"], ["*"], max_age=30),
    "any, all but authorization": Policy(["*"], ["*"], ["*"], ["X-Status"]),
    "any, content-type": Policy(["*"], ["OPTIONS"], ["content-type"], max_age=1002),
    "own scheme": Policy(["connector://page.example"], credentials=True, dangerously_allow_insecure_origins=True),
    "predicate": Policy(predicate=lambda origin: origin.startswith("http://page")),
    "always": Policy(predicate=lambda origin: True),
    "never": Policy(predicate=lambda origin: False),
    "age 0": Policy([PAGE], ["PUT"], max_age=0),
    "own methods": Policy([PAGE], ["FOO", "bar"], ["FIZZ", "buzz"], credentials=True, max_age=123),
}

ALLOW: Final = "Access-Control-Allow-"
VARY: Final = ("Vary: Origin",)
PRIVATE: Final = "Access-Control-Request-Private-Network: true"


def _line(text: str) -> Field:
    name, _, value = text.partition(":")
    return name.encode(), value.strip(" ").encode()


def decide(policy: Policy | None, method: str, *lines: str) -> Decision:
    request = CORSRequest.read(method.encode(), map(_line, lines))
    return Decision.ungoverned(request) if policy is None else policy.decide(request)


def told(decision: Decision, *app_lines: str) -> tuple[str, ...]:
    """The CORS and Vary lines of a response, as text."""
    lines = (b": ".join(line).decode() for line in decision.decorate(tuple(map(_line, app_lines))))
    return tuple(line for line in lines if line.lower().startswith(("access-control-", "vary:")))


def sent_by(origin: str) -> str:
    return f"Origin: {origin}"


def asks(method: str, *lists: str) -> tuple[str, ...]:
    lists_of_names = (f"Access-Control-Request-Headers: {names}" for names in lists)
    return (f"Access-Control-Request-Method: {method}", *lists_of_names)


def grant(origin: str, *more: str) -> tuple[str, ...]:
    return (f"{ALLOW}Origin: {origin}", *more)


CREDENTIALS: Final = f"{ALLOW}Credentials: true"

PAGE_ONLY: Final = grant(PAGE, *VARY)
