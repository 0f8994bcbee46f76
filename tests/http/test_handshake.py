"""The TLS handshake, where what is spoken is no TLS."""

import ssl

import pytest
import trio
import trio.testing

from corserver.http.handshake import secured_stream
from corserver.http.messages import PeerLeft

PLAIN = b"GET / HTTP/1.1\r\n\r\n"


@pytest.mark.parametrize("has_left", [True, False])
async def test_who_speaks_http_is_told_so_if_it_is_there_still(has_left: bool) -> None:
    """A client that is gone when it is to be told must not end the server."""
    client, stream = trio.testing.memory_stream_pair()
    await client.send_all(PLAIN)
    if has_left:
        client.receive_stream.close()
    with pytest.raises(PeerLeft):
        await secured_stream(stream, ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), 1)
    if not has_left:
        await stream.aclose()
        assert (await client.receive_some()).startswith(b"HTTP/1.1 400 Bad Request\r\n")
