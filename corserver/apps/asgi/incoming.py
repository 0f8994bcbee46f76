"""What a hosted app receives of a request: its body, and that the client has left.

What has arrived already is given at once. To wait for more is a task of the server's, which goes on if the app gives up
waiting, so that nothing is lost then. It ends before anybody else reads from the connection.
"""

import trio

from corserver.apps.asgi.loop import Event, Loop
from corserver.apps.asgi.protocol import Message
from corserver.http.messages import HTTPError, Request


class Incoming:
    """The way from the client to the app, for one request."""

    __slots__ = ("_arrived", "_body_given", "_listener", "_loop", "_news", "_request", "error", "has_left", "is_over")

    def __init__(self, request: Request, loop: Loop) -> None:
        self._request = request
        self._loop = loop
        self._body_given = False
        #: What the listener has heard and the app has not.
        self._arrived: bytes | None = None
        self._listener: _Listener | None = None
        #: Set at the listener's next news.
        self._news: Event | None = None
        #: Whether the client is known to have left.
        self.has_left = False
        #: What keeps the body from being read to its end: the answer to the request, if it has none yet.
        self.error: HTTPError | None = None
        #: Whether the app is to receive no more.
        self.is_over = False

    async def receive(self) -> Message:
        """The app's `receive`."""
        while not (self.is_over or self.has_left):
            if not self._body_given:
                message = self._next_of_body()
                if message is not None:
                    return message
            if self.error is not None or (self._body_given and self._sees_it_left()):
                break
            await self._wait_for_news()
        await self._loop.turn()  # An app that asks again and again lets others have theirs.
        return {"type": "http.disconnect"}

    def end(self) -> None:
        """The app is to receive no more."""
        self.is_over = True
        if self._listener is not None:
            self._listener.scope.cancel()
        self._tell()

    @property
    def is_listening(self) -> bool:
        """Whether somebody reads from the connection on the app's behalf."""
        return self._listener is not None

    async def ended(self) -> None:
        """Wait until nobody reads from the connection on the app's behalf."""
        if self._listener is not None:
            await self._listener.gone.wait()

    def _next_of_body(self) -> Message | None:
        content = self._request.content
        peer = self._request.peer
        if content.whole is not None or peer is None:
            self._body_given = True
            return {"type": "http.request", "body": content.whole or b"", "more_body": False}
        try:
            if self._arrived is not None:
                piece, self._arrived = self._arrived, None
            else:
                if self._listener is not None:
                    return None
                at_hand = peer.body_at_hand()
                if at_hand is None:
                    return None
                piece = at_hand
        except HTTPError as error:
            self.error = error
            return None
        self._body_given = not piece or peer.body_is_read()
        return {"type": "http.request", "body": piece, "more_body": not self._body_given}

    def _sees_it_left(self) -> bool:
        peer = self._request.peer
        if peer is not None and self._listener is None and peer.has_left():
            self.has_left = True
        return self.has_left

    async def _wait_for_news(self) -> None:
        if self._news is None:
            self._news = self._loop.event()
        if self._listener is None:
            self._listener = _Listener()
            self._request.start_soon(self._listen, self._listener)
        await self._news.wait()

    async def _listen(self, listener: "_Listener") -> None:
        peer = self._request.peer
        try:
            with listener.scope:
                if peer is None:
                    await trio.sleep_forever()
                elif self._body_given:
                    await peer.wait_left()
                    self.has_left = True
                else:
                    self._arrived = await peer.next_or_left()
                    self.has_left = self._arrived is None
        except HTTPError as error:
            self.error = error
        finally:
            self._listener = None
            listener.gone.set()
            self._tell()

    def _tell(self) -> None:
        news, self._news = self._news, None
        if news is not None:
            news.set()


class _Listener:
    """A task that waits for the client."""

    __slots__ = ("gone", "scope")

    def __init__(self) -> None:
        self.scope = trio.CancelScope()
        self.gone = trio.Event()
