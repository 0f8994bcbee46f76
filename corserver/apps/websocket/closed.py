"""The end of a WebSocket, as both of its sides know it."""

from typing import Final

#: No close frame arrived: the peer is gone (RFC 6455 §7.1.5).
ABNORMAL: Final = 1006
#: Its close frame had no code (RFC 6455 §7.1.5).
NO_CODE: Final = 1005
#: Ends that are nobody's fault.
ORDERLY: Final = frozenset({1000, 1001, NO_CODE})
#: What may stand in a close frame (RFC 6455 §7.4.1 and the registry there), beside 3000 to 4999.
_SENDABLE: Final = frozenset({1000, 1001, 1002, 1003, *range(1007, 1015)})
#: How long a reason may be, in bytes of UTF-8: a control frame has 125, and 2 are the code's (RFC 6455 §5.5).
_LONGEST_REASON: Final = 123


class WebSocketClosed(Exception):
    """The WebSocket is closed: by the peer, by us, or because the peer is gone (*code* 1006) or broke the rules (1002).

    *code* and *reason* are of the close frame that came first, 1005 if it had none.

    >>> from corserver import WebSocketClosed
    >>> WebSocketClosed(1001, "going away").code
    1001
    """

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason

    def __str__(self) -> str:
        return f"the WebSocket is closed: {self.code} {self.reason}".rstrip()


def check_close(code: int, reason: str) -> None:
    """Raises ValueError for what cannot be in a close frame."""
    if code not in _SENDABLE and not 3000 <= code <= 4999:
        raise ValueError(f"a WebSocket is not closed with {code}: write 1000, or 4000 to 4999 for codes of your own")
    if len(reason.encode("utf-8")) > _LONGEST_REASON:
        raise ValueError(f"the reason of a close has {_LONGEST_REASON} bytes at most: {reason!r}")


def shortened(reason: str) -> str:
    """*reason* as far as it fits into a close frame."""
    return reason.encode("utf-8")[:_LONGEST_REASON].decode("utf-8", "ignore")
