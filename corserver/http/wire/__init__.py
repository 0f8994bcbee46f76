"""Gate and h11 behind one face: bytes in, bytes out, no I/O, and the memory of the heads that they have judged."""

from corserver.http.wire.asking import AnswerHead, Asking, BadAnswer, KnownHeads, NoAnswer
from corserver.http.wire.request_heads import judge
from corserver.http.wire.response_heads import ResponseHeads
from corserver.http.wire.wire import Wire

__all__ = ["AnswerHead", "Asking", "BadAnswer", "KnownHeads", "NoAnswer", "ResponseHeads", "Wire", "judge"]
