"""What the log says: a line for each finished exchange, in one of three formats.

Nobody forges a line. What a peer wrote is shown as it was received, still percent-encoded; every byte of it that is not
printable ASCII, and the backslash, becomes `\\xNN`, in all formats alike.
"""

import functools
import json
import time
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from corserver.cors.decision import Decision, Kind, Outcome, Reason, printable
from corserver.cors.fetch import Field
from corserver.http.messages import Address


class Entry(NamedTuple):
    """One exchange. *time* is Unix time at its start, *seconds* its duration, *sent* the bytes of the response's body.

    *method*, *target* and *version* are as received, escaped where they are shown. *status* is None where nothing was
    answered; *failure* says why the exchange was cut short. *request_fields* are the request's header lines, names in
    lower case, empty for a head that was refused; *response_head* is what was sent before the body. Both hold secrets.

    >>> import urllib.request
    >>> from corserver import Response
    >>> from corserver.testing import running
    >>> entries = []
    >>> async def app(request):
    ...     return Response("hello")
    >>> with running(app, access_log=entries.append) as server:
    ...     _ = urllib.request.urlopen(f"{server.url}/a")
    ...     _ = server.wait_for(1)
    >>> entries[0].method, entries[0].target, entries[0].status, entries[0].decision.reason.name
    (b'GET', b'/a', 200, 'NOT_CORS')
    """

    time: float
    client: Address
    method: bytes
    target: bytes
    status: int | None
    sent: int
    seconds: float
    decision: Decision
    failure: str = ""
    version: bytes = b"HTTP/1.1"
    request_fields: tuple[Field, ...] = ()
    response_head: bytes = b""

    @property
    def response_fields(self) -> tuple[Field, ...]:
        """The header lines of *response_head*."""
        lines = self.response_head.rstrip(b"\r\n").split(b"\r\n")[1:]
        return tuple((name, value) for name, _, value in (line.partition(b": ") for line in lines))


#: Makes an entry of all that it has, in that order: to name it takes four times as long.
entry_of: Final = functools.partial(tuple.__new__, Entry)


#: How much of a method and of a target is shown, in bytes: in a line for people, and in one for programs.
_SHOWN_METHOD: Final = 32
_SHOWN_TARGET: Final = 2000
_KEPT_TARGET: Final = 8192


def shown_method(method: bytes) -> str:
    """A method for people."""
    return printable(method, _SHOWN_METHOD) or "-"


def shown_target(target: bytes) -> str:
    """A target for people."""
    return printable(target, _SHOWN_TARGET) or "-"


def asked_method(decision: Decision) -> bytes | None:
    """The method that a preflight asks for, which its line shows: `PUT /items/7`; None for another request."""
    return decision.request.governed_method if decision.request.kind is Kind.PREFLIGHT else None


def text(entry: Entry) -> str:
    """A line for people: the request, the status, what CORS did and why: `PUT / 204 preflight allowed https://a.example`."""
    cut = f"cut short: {entry.failure}" if entry.failure else ""
    method = shown_method(asked_method(entry.decision) or entry.method)
    words = (method, shown_target(entry.target), str(entry.status or "-"), cors_words(entry.decision), cut)
    return " ".join(filter(None, words))


def common(entry: Entry) -> str:
    """The Common Log Format, as NCSA httpd and Apache write it (`%h %l %u %t "%r" %>s %b`), the time in UTC.

    `"` is escaped too. What is not known is `-`, as is the size of an empty body. A preflight's method is `OPTIONS`.
    """
    method, target = printable(entry.method, _SHOWN_METHOD), printable(entry.target, _KEPT_TARGET)
    request = f"{method} {target or '-'} {printable(entry.version, 16)}".replace('"', r"\x22") if method else "-"
    host = (_host(entry) or "-").replace(" ", r"\x20")
    return f'{host} - - [{_common_time(int(entry.time))}] "{request}" {entry.status or "-"} {entry.sent or "-"}'


#: Not the locale's: the format has English names.
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@functools.lru_cache(maxsize=4)  # Of a second there are many lines.
def _common_time(second: int) -> str:
    moment = time.gmtime(second)
    return f"{moment.tm_mday:02}/{_MONTHS[moment.tm_mon - 1]}/{time.strftime('%Y:%H:%M:%S', moment)} +0000"


def json_line(entry: Entry) -> str:
    """One JSON object, in ASCII, its keys in this order.

    * `time`: the start, ISO 8601 in UTC with microseconds: `2000-10-10T13:55:36.000000Z`
    * `client`: the peer's address without its port, null where there is none
    * `method`, `target`: as received and escaped; a preflight's method is `OPTIONS`
    * `status`: null where nothing was answered
    * `sent`: the bytes of the response's body
    * `duration_us`: microseconds, a whole number
    * `cors`: the decision
        * `kind`: `not cors`, `preflight`, `cors`, or `websocket` for one that a page opens
        * `allowed`: true or false; null where CORS plays no part
        * `reason`: the name of the `Reason`; `sentence`: the same in words
        * `origin`: the Origin as received and escaped, null where there is none
        * `requested_method`: of a preflight, the method that it asks for
        * `hint`: the allowed origin that a refused one narrowly misses, only where there is one
    * `failure`: why the exchange was cut short, only where it was
    """
    line: dict[str, Any] = {
        "time": datetime.fromtimestamp(entry.time, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "client": _host(entry) or None,
        "method": printable(entry.method, _SHOWN_METHOD),
        "target": printable(entry.target, _KEPT_TARGET),
        "status": entry.status,
        "sent": entry.sent,
        "duration_us": round(entry.seconds * 1_000_000),
    }
    failure = f',"failure":{_to_json(entry.failure)}' if entry.failure else ""
    return f'{_to_json(line)[:-1]},"cors":{_cors_json(entry.decision)}{failure}}}'


_to_json: Final = json.JSONEncoder(separators=(",", ":")).encode


def _host(entry: Entry) -> str:
    client = entry.client
    return _shown_host(client[0] if isinstance(client, tuple) else client or "")


@functools.lru_cache(maxsize=256)  # Most clients ask more than once.
def _shown_host(host: str) -> str:
    return printable(host.encode("utf-8", "surrogateescape"))


@functools.lru_cache(maxsize=256)  # A server takes the same decisions again and again.
def _cors_json(decision: Decision) -> str:
    request, reason = decision.request, decision.reason
    cors = {
        "kind": kind_words(decision),
        "allowed": None if reason.outcome is Outcome.UNRELATED else decision.allowed,
        "reason": reason.name,
        "sentence": decision.sentence,
        "origin": ", ".join(map(printable, request.origins)) or None,
    }
    if request.kind is Kind.PREFLIGHT:
        cors["requested_method"] = ", ".join(printable(method, _SHOWN_METHOD) for method in request.requested_methods)
    if decision.hint:
        cors["hint"] = decision.hint
    return _to_json(cors)


def kind_words(decision: Decision) -> str:
    """What the request is to CORS: `websocket`, or the value of its `Kind`."""
    request = decision.request
    return "websocket" if request.kind is Kind.ACTUAL and request.is_websocket else request.kind.value


def cors_words(decision: Decision) -> str:
    """What CORS did, and why if it is not what was asked for; empty where it plays no part."""
    reason, words = decision.reason, kind_words(decision)
    origin = ", ".join(map(printable, decision.request.origins))
    if reason is Reason.NO_POLICY and decision.request.origin != decision.request.own_origin:
        return f"{words} off {origin} ({decision.sentence})"
    if reason.outcome is Outcome.UNRELATED:
        return ""
    if reason.outcome is Outcome.ALLOWED:
        return f"{words} allowed {origin}"
    return f"{words} denied {origin} ({decision.sentence})"
