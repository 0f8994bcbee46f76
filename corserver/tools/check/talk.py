"""One request and its response as bytes, without I/O: h11 judges and frames, the lines go and come as they are."""

import re
from typing import Final

import h11

from corserver.cors.fetch import Field
from corserver.tools.check.exchanges import SWITCHING_PROTOCOLS, Reply, Sending
from corserver.tools.check.head import Head, NotHTTP, parse_head

#: What servers let through that turn away what calls itself a tool.
USER_AGENT: Final = b"Mozilla/5.0 (compatible; corserver-check)"
MAX_HEAD: Final = 64 * 1024
MAX_BODY: Final = 4 * 1024
#: What a script may put into a value (Fetch "header value") although RFC 9110 §5.5 and h11 know no such value.
_CONTROLS: Final = re.compile(rb"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Talk:
    """One exchange: `request` is what to send, `receive` is given what comes until it returns the reply."""

    def __init__(self, sending: Sending) -> None:
        self._connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD)
        self._sending = sending
        self._data = b""
        self._head: Head | None = None
        self._body = b""
        self._malformed = ""

    @property
    def has_head(self) -> bool:
        """Whether all that a browser judges has come."""
        return self._head is not None

    def request(self) -> bytes:
        """The bytes of the request. Raises `h11.LocalProtocolError` for what HTTP cannot carry."""
        sending, connection = self._sending, self._connection
        target, lines = sending.url.path.encode("latin-1"), _transport_lines(sending)
        tame = [(name, _CONTROLS.sub(b"?", value)) for name, value in lines]
        connection.send(h11.Request(method=sending.method, target=target, headers=tame))
        head = b"".join(b"%s: %s\r\n" % line for line in lines)
        parts: list[bytes | None] = [b"%s %s HTTP/1.1\r\n%s\r\n" % (sending.method, target, head)]
        if sending.body:
            parts.append(connection.send(h11.Data(data=sending.body)))
        parts.append(connection.send(h11.EndOfMessage()))
        return b"".join(part or b"" for part in parts)

    def receive(self, data: bytes) -> Reply | None:
        """The reply once it is complete, or as much of it as is wanted; *data* is empty at the end of the stream.

        Raises `NotHTTP`, and `EOFError` where the stream ends without a response.
        """
        self._read_head(data)
        if self._switches:
            # whether anything follows matters to a browser that passes over a 101
            return self.reply() if not data or self._following() else None
        try:
            self._connection.receive_data(data)
            return self._follow()
        except h11.RemoteProtocolError as error:
            # The head may be one that browsers read; how its body is framed does not matter then.
            self._malformed = self._malformed or str(error)
            if self._head is None and not data:
                raise EOFError from error
            return None if self._head is None else self.reply(malformed=self._malformed)

    def reply(self, *, is_cut: bool = False, malformed: str | None = None) -> Reply:
        """What has come so far."""
        assert self._head is not None
        return Reply(
            status=self._head.status,
            reason=self._head.reason,
            headers=self._head.headers,
            version=self._head.version,
            body=self._body[:MAX_BODY],
            is_cut=is_cut or len(self._body) > MAX_BODY,
            malformed="it switches to another protocol" if self._switches else malformed,
            following=self._following(),
        )

    @property
    def _switches(self) -> bool:
        return self._head is not None and self._head.status == SWITCHING_PROTOCOLS

    def _following(self) -> Reply | None:
        """The head of another response after a 101, if one has come."""
        if self._head is None or not self._switches:
            return None
        try:
            head = parse_head(self._data[self._head.size :])
        except NotHTTP:
            return None
        if head is None:
            return None
        return Reply(status=head.status, reason=head.reason, headers=head.headers, version=head.version)

    def _read_head(self, data: bytes) -> None:
        if self._head is not None and not self._switches:
            return
        self._data += data
        if self._head is not None:
            return
        is_end = not data and bool(self._data)
        head = parse_head(self._data, is_end=is_end)
        while head is not None and head.is_interim:
            self._data = self._data[head.size :]
            head = parse_head(self._data, is_end=is_end and bool(self._data))
        self._head = head
        if head is None and len(self._data) > MAX_HEAD:
            raise NotHTTP(f"its head is longer than {MAX_HEAD} bytes")

    def _follow(self) -> Reply | None:
        while True:
            event = self._connection.next_event()
            if isinstance(event, h11.Data):
                self._body += event.data
                if len(self._body) > MAX_BODY:
                    return self.reply(is_cut=True)
            elif isinstance(event, h11.EndOfMessage):
                return self.reply()
            elif event is h11.NEED_DATA or event is h11.PAUSED:
                return None
            elif isinstance(event, h11.ConnectionClosed):
                raise EOFError


def _transport_lines(sending: Sending) -> list[Field]:
    """The lines of *sending*, and those that any client needs to send."""
    url = sending.url
    host = url.host if url.port is None else f"{url.host}:{url.port}"
    given = {name.lower() for name, _ in sending.headers}
    lines = [(b"Host", host.encode("latin-1")), *sending.headers]
    # identity: what is shown of a body is to be text
    own = [(b"User-Agent", USER_AGENT), (b"Accept", b"*/*"), (b"Accept-Encoding", b"identity")]
    lines += [line for line in own if line[0].lower() not in given]
    if sending.body is not None or sending.method in (b"POST", b"PUT"):
        lines.append((b"Content-Length", b"%d" % len(sending.body or b"")))
    return [*lines, (b"Connection", b"close")]
