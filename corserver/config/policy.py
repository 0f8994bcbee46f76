"""The words of the `--cors` flags become a policy; and what would have to be written to allow what it denied."""

import shlex
from collections.abc import Sequence
from typing import Final

from corserver.cors.decision import Decision, Reason, printable
from corserver.cors.origins import parse_origin
from corserver.cors.policy import Policy, PolicyError

#: What `localhost` stands for among origins: a page on this machine, on any port.
LOCALHOST: Final = (
    "http://localhost:*",
    "https://localhost:*",
    "http://*.localhost:*",
    "https://*.localhost:*",
    "http://127.0.0.1:*",
    "https://127.0.0.1:*",
    "http://[::1]:*",
    "https://[::1]:*",
)

#: What a script needs to see of files and APIs, beyond the seven headers that it always sees.
EXPOSED: Final = (
    "accept-ranges",
    "allow",
    "content-disposition",
    "content-encoding",
    "content-range",
    "date",
    "etag",
    "link",
    "location",
    "retry-after",
    "server-timing",
    "www-authenticate",
    "x-request-id",
)
#: What is granted beside, and for how long a preflight counts, where nobody says otherwise.
METHODS: Final = ("*",)
HEADERS: Final = ("*", "authorization")
MAX_AGE: Final = 600


def cors_policy(
    origins: Sequence[str],
    methods: Sequence[str] | None = None,
    headers: Sequence[str] | None = None,
    expose: Sequence[str] | None = None,
    credentials: bool = False,
    max_age: int = MAX_AGE,
    *,
    dangerously_allow_insecure_origins: bool = False,
    dangerously_allow_public_suffixes: bool = False,
) -> Policy | None:
    """The policy of the `--cors` flags, each value a list or comma-separated; None without an origin.

    What is not named is granted, but for credentials: a script then sends its request and reads the app's own 405 or
    401, where a refused preflight would only show it a CORS error. The dangerous switches are those of `Policy`.

    Raises `PolicyError`.
    """
    allowed = _entries(origins)
    if not allowed:
        return None
    expanded = [origin for entry in allowed for origin in (LOCALHOST if entry == "localhost" else (entry,))]
    return Policy(
        origins=expanded,
        methods=METHODS if methods is None else _entries(methods),
        headers=HEADERS if headers is None else _entries(headers),
        expose=EXPOSED if expose is None else _entries(expose),
        credentials=credentials,
        max_age=max_age,
        dangerously_allow_insecure_origins=dangerously_allow_insecure_origins,
        dangerously_allow_public_suffixes=dangerously_allow_public_suffixes,
    )


#: Why an origin was refused that could be allowed, and why request headers were.
_BY_ORIGIN: Final = (Reason.ORIGIN_NOT_ALLOWED, Reason.PREDICATE_DENIED, Reason.NO_POLICY)
_BY_HEADERS: Final = (
    Reason.HEADER_NOT_ALLOWED,
    Reason.SAFELISTED_HEADER_UNSAFE_VALUE,
    Reason.AUTHORIZATION_NEEDS_EXPLICIT_ALLOW,
)


def allowing_flag(decision: Decision) -> str:
    """The flag that, added to those that were given, would allow what *decision* denied; empty where none would."""
    request, reason, rules = decision.request, decision.reason, decision.rules
    if reason in _BY_ORIGIN:
        origin = request.origin
        if origin is None or parse_origin(origin) is None:
            return ""
        try:
            cors_policy((origin.decode("ascii"),), credentials=rules is not None and rules.credentials)
        except PolicyError:
            return ""
        return f"--cors {shlex.quote(origin.decode('ascii'))}"
    if reason is Reason.METHOD_NOT_ALLOWED:
        return f"--cors-methods {shlex.quote(printable(request.requested_methods[0]))}"
    refused = rules.judge_headers(request.requested_headers) if rules is not None and reason in _BY_HEADERS else None
    return "" if refused is None else f"--cors-headers {shlex.quote(b','.join(refused[1]).decode('ascii'))}"


def policy_sentence(policy: Policy) -> str:
    """The policy in one line, what `localhost` stands for put back into that word."""
    return policy.sentence.replace(", ".join(LOCALHOST), "localhost on any port")


def _entries(values: Sequence[str]) -> list[str]:
    return [entry.strip() for value in values for entry in value.split(",") if entry.strip()]
