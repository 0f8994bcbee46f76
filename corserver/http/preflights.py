"""Preflights, answered from their bytes alone: the hot path of the server. No I/O.

A browser sends the same preflight again and again, to many paths, and so does every browser of its kind. The answer of
a policy is static but for its Date. So the header block of a preflight is the key of a bounded memory, and its answer
the value; that leaves a match of the request line, a dict look-up, and the splicing in of the Date.

What makes that the same as the plain way, which `tests/http/test_equality.py` holds
-----------------------------------------------------------------------------------
* What is remembered was judged by gate and h11, decided by `open_exchange` and serialised by h11, as anything else is.
* The request line is matched each time, against a subset of what gate and h11 accept: OPTIONS, a path without escapes
  and dot segments (those can be refused for the path's sake), HTTP/1.1. What it does not match goes the plain way.
* Only a whole head is a key, with nothing behind it, so a preflight with a successor goes the plain way; so does one
  that announces a body, which may arrive later.
* An answer belongs to the table of scopes that it was made under: when the server has another, it is made again. Where
  the table has more than one policy, the path decides, and the answer is not remembered here, only what it is made of.
* Where the block is new, in a line that says nothing to CORS, the answer is looked up by all that it depends on: the
  host, the lines that CORS reads, and whether the connection closes.
* A policy with a predicate is asked each time.
"""

import re
from typing import Final, NamedTuple

from corserver.cors.decision import CORSRequest, Decision, Kind
from corserver.cors.fetch import Field
from corserver.cors.scopes import INHERIT, Scopes
from corserver.http.exchange import Service, open_exchange
from corserver.http.framing import carries_body
from corserver.http.gate import Head, RefusedHead, split_head
from corserver.http.log import Entry, entry_of
from corserver.http.memory import Memory
from corserver.http.messages import Address
from corserver.http.wire.request_heads import judge, recall, remember

_REQUEST_LINE: Final = re.compile(rb"OPTIONS (?:/(?!\.{1,2}[/? ])[!\"$&-.0->@-\[\]-~]*)+(?:\?[!\"$-~]*)? HTTP/1\.1\r\n")
#: What an answer weighs, about, in bytes.
_WEIGHT: Final = 1000
#: Stands for the Date: no head has it.
_MARK: Final = b"\r\r"


class Prepared(NamedTuple):
    """The answer to a preflight with these *fields*, but for its Date: join *parts* by that. *closes*: it is the
    connection's last."""

    parts: tuple[bytes, ...]
    closes: bool
    decision: Decision
    status: int
    length: int
    fields: tuple[Field, ...]
    scopes: Scopes

    def entry(self, client: Address, data: bytes, sent: bytes, time: float, seconds: float) -> Entry:
        """What the log says of it: *sent* was the answer to *data*."""
        _, _, decision, status, length, fields, _ = self
        target, head = data.split(b" ", 2)[1], sent[: len(sent) - length] if length else sent
        said = time, client, b"OPTIONS", target, status, length, seconds, decision, "", b"HTTP/1.1", fields, head
        return entry_of(said)


class Preflights:
    """Answers what can be answered from memory, or at least without waiting for anything."""

    __slots__ = ("_known", "_longest", "_service", "_verdicts")

    def __init__(self, service: Service) -> None:
        self._service = service
        self._known: Memory[bytes, Prepared] = service.memory()
        #: By all that an answer depends on where there is one policy: the host, whether it closes, and what CORS reads.
        self._verdicts: Memory[tuple[bytes, bool, tuple[Field, ...]], Prepared] = service.memory()
        #: So that neither the limit on a request line nor that on a head needs a look.
        self._longest = min(service.limits.request_line, service.limits.head)

    def answer(self, data: bytes) -> Prepared | None:
        """The answer to *data*, if that is one whole preflight and nothing else; None: let a connection see to it."""
        line = None if len(data) > self._longest else _REQUEST_LINE.match(data)
        if line is None:
            return None
        block = data[line.end() :]
        known = self._known.get(block)
        if known is not None:
            if known.scopes is self._service.scopes:
                return known
            self._known.clear()
        return self._prepare(data, block)

    def _prepare(self, data: bytes, block: bytes) -> Prepared | None:
        service = self._service
        head = self._whole_head(data)
        if head is None or head.section.content_length or head.section.chunked:
            return None
        if service.scopes.only_policy is INHERIT:
            remember(data, head, service.sections)
            return self._decide(head)
        key = head.authority, head.section.closes, CORSRequest.lines(head.fields)
        known = self._verdicts.get(key)
        if known is not None and known.scopes is service.scopes:
            prepared = Prepared(*known[:5], head.fields, known.scopes)  # As `_replace`, which takes longer.
        else:
            decided = self._decide(head)
            if decided is None or not decided.decision.is_constant:
                return decided
            prepared = decided
            self._verdicts.put(key, prepared, 8 * len(block) + _WEIGHT)
        self._known.put(block, prepared, 8 * len(block) + _WEIGHT)
        return prepared

    def _decide(self, head: Head) -> Prepared | None:
        service = self._service
        scopes = service.scopes
        exchange = open_exchange(head, service)
        answer, decision = exchange.answer, exchange.decision
        if answer is None or decision.request.kind is not Kind.PREFLIGHT or not self._is_for_us(head):
            return None
        closes = head.section.closes
        template = service.heads.template_of(answer, decision.decoration, head.method, closes, head.minor_version)
        assert isinstance(answer.body, bytes), "the server's own answers are no streams"
        body = answer.body if carries_body(exchange, answer) else b""
        parts = tuple((template.filled(len(body), _MARK) + body).split(_MARK))
        return Prepared(parts, closes, decision, answer.status, len(body), head.fields, scopes)

    def _whole_head(self, data: bytes) -> Head | None:
        limits = self._service.limits
        try:
            if split_head(data, limits) != len(data):
                return None
            # Sections are kept only where answers are not.
            several = self._service.scopes.only_policy is INHERIT
            head = recall(data, limits, self._service.sections) if several else None
            return judge(data, limits, self._service.lines)[0] if head is None else head
        except RefusedHead:
            return None

    def _is_for_us(self, head: Head) -> bool:
        hosts = self._service.hosts
        return hosts is None or hosts.permits(head.authority)
