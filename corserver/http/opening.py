"""The next exchange of a connection: opened from its head, accepted or refused, or known from a head that was the same.

A browser sends the same head again and again, and what is decided on it is the same again. So the bytes of a whole head
are the key of a bounded memory, and the exchange is the value. What makes that the same as the plain way, which
`tests/http/test_equality.py` holds:

* What is remembered was judged by gate and h11, and opened by `open_exchange`, as anything else is.
* It belongs to the table of scopes that it was opened under: when the server has another, it is opened again.
* What may turn out otherwise the next time is not remembered (`Exchange.is_constant`), nor is a head with a chunked
  body, which h11 reads from its head on, nor what a proxy sends, whose sender depends on the connection.
"""

from typing import Final

from corserver.http.body import NO_BODY
from corserver.http.exchange import Exchange, KnownExchange, Service, open_exchange, refused_exchange
from corserver.http.forwarded import Sender
from corserver.http.gate import Head, RefusedHead
from corserver.http.messages import Address, Request
from corserver.http.reader import Reader
from corserver.http.wire import Wire

#: What a remembered exchange weighs beside its head, in bytes.
_WEIGHT = 1024
_END: Final = b"\r\n\r\n"


class Opener:
    """Opens the exchanges of the connection that *client* made."""

    __slots__ = ("_client", "_is_behind", "_reader", "_service", "_wire")

    def __init__(self, reader: Reader, wire: Wire, service: Service, client: Address) -> None:
        self._reader = reader
        self._wire = wire
        self._service = service
        self._client = client
        self._is_behind = service.proxies is not None and service.proxies.trusts(client)

    def at_hand(self) -> Exchange | None:
        """The next exchange, if all of its head has arrived with nothing before it."""
        data = self._reader.take_received()
        if not data:
            return None
        service = self._service
        # Mostly that is all of it, and the search can be spared; no key goes beyond the first end of a head.
        raw = data if data[-4:] == _END else data[: data.find(_END) + 4]
        known = None if self._is_behind else service.exchanges.get(raw)
        if known is not None and known.scopes is service.scopes:
            self._wire.begin(known.section, b"" if raw is data else data[len(raw) :])
            return known.exchange
        try:
            head = self._wire.take_head(data)
        except RefusedHead as refusal:
            return self._refused(refusal)
        if head is None:
            return None
        exchange = self._open(head)
        if exchange.is_constant and not head.section.chunked:
            raw = data[: data.find(_END) + 4]
            remembered = KnownExchange(service.scopes, exchange, head.section)
            service.exchanges.put(raw, remembered, 4 * len(raw) + _WEIGHT)
        return exchange

    async def next(self) -> Exchange | None:
        """The next exchange, None where there is none."""
        try:
            head = await self._reader.next_head()
        except RefusedHead as refusal:
            return self._refused(refusal)
        return None if head is None else self._open(head)

    def request(self, exchange: Exchange) -> Request:
        """What the app is given."""
        request, head, sender = exchange.request, exchange.head, exchange.sender
        assert request is not None, "the server answers the others itself"
        assert head is not None, "and so where there was none"
        has_body = head.section.content_length or head.section.chunked
        content = self._reader.body() if has_body else NO_BODY
        client = self._client if sender is None else sender.client
        return request.received(client, content, self._reader, self._service.start_soon)

    def _open(self, head: Head) -> Exchange:
        return open_exchange(head, self._service, self._sender(head) if self._is_behind else None)

    def _refused(self, refusal: RefusedHead) -> Exchange:
        self._wire.must_close = True
        return refused_exchange(refusal, self._service)

    def _sender(self, head: Head) -> Sender:
        service = self._service
        assert service.proxies is not None, "it is behind one of them"
        return service.proxies.sender(head.fields, self._client, service.scheme, head.authority)
