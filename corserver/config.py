"""What a user writes on the command line becomes values."""

from collections.abc import Sequence
from typing import Final

from corserver.cors.policy import Policy

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


def cors_policy(
    origins: Sequence[str],
    methods: Sequence[str] = (),
    headers: Sequence[str] = (),
    expose: Sequence[str] = (),
    credentials: bool = False,
    max_age: int = 600,
) -> Policy | None:
    """The policy of the `--cors` flags, each value a list or comma-separated; None without an origin.

    What is not named is granted, but for credentials: a script then sends its request and reads the app's own 405 or
    401, where a refused preflight would only show it a CORS error.

    Raises `PolicyError`.
    """
    allowed = _entries(origins)
    if not allowed:
        return None
    expanded = [origin for entry in allowed for origin in (LOCALHOST if entry == "localhost" else (entry,))]
    return Policy(
        origins=expanded,
        methods=_entries(methods) or ["*"],
        headers=_entries(headers) or ["*", "authorization"],
        expose=_entries(expose) or EXPOSED,
        credentials=credentials,
        max_age=max_age,
    )


def policy_sentence(policy: Policy) -> str:
    """The policy in one line, what `localhost` stands for put back into that word."""
    return policy.sentence.replace(", ".join(LOCALHOST), "localhost on any port")


def _entries(values: Sequence[str]) -> list[str]:
    return [entry.strip() for value in values for entry in value.split(",") if entry.strip()]
