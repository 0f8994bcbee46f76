"""A server in a with-block: it starts, answers and stops wherever it is used from; what is wrong comes out there."""

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import AsyncIterator

import httpx
import pytest
import trio
import trustme

from corserver import App, Entry, Limits, Policy, Request, Response
from corserver.testing import Running, running

from .apps import OTHER, POLICY, SITE, make_app


async def hello(request: Request) -> Response:
    return Response("hello")


def is_closed(address: tuple[str, int]) -> bool:
    try:
        socket.create_connection(address).close()
    except ConnectionRefusedError:
        return True
    return False


def servers_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("corserver")]


def test_it_answers_inside_the_block_and_is_gone_after_it() -> None:
    with running(hello) as server:
        host, port = server.address
        assert server.url == f"http://{host}:{port}"
        assert httpx.get(server.url).text == "hello"
        assert repr(server).startswith(f"<Running {server.url} ")
    assert is_closed((host, port))
    assert servers_threads() == []
    assert repr(server) == "<Running stopped requests=1>"


def test_an_exception_of_the_block_comes_out_as_it_is_and_the_server_is_gone() -> None:
    with pytest.raises(ZeroDivisionError), running(hello) as server:
        _ = 1 // 0
    assert is_closed(server.address)
    assert servers_threads() == []


def test_several_run_at_once() -> None:
    with running(hello) as first, running(make_app()) as second:
        assert first.url != second.url
        assert httpx.get(first.url).status_code == 200
        assert httpx.get(second.url).status_code == 404
        assert (len(first.wait_for(1)), len(second.wait_for(1))) == (1, 1)


def test_a_notebook_starts_it_in_one_cell_and_stops_it_in_another() -> None:
    server = running(hello)
    assert repr(server) == "<Running not started requests=0>"
    assert server.start() is server
    assert httpx.get(server.url).text == "hello"
    server.stop()
    server.stop()
    assert is_closed(server.address)


def test_it_is_used_from_trio() -> None:
    async def main() -> str:
        with running(hello) as server:
            async with httpx.AsyncClient() as client:
                text = (await client.get(server.url)).text
            server.wait_for(1)
            server.replace_cors(POLICY)
            return text

    assert trio.run(main) == "hello"


def test_it_is_used_from_asyncio() -> None:
    async def main() -> str:
        with running(hello) as server:
            async with httpx.AsyncClient() as client:
                text = (await client.get(server.url)).text
            server.wait_for(1)
            server.replace_cors(POLICY)
            return text

    assert asyncio.run(main()) == "hello"


def test_a_taken_port_is_raised_by_the_with_statement() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"port {port} is taken"), running(hello, port=port):
            pytest.fail("the block was entered")
    assert servers_threads() == []


def test_policies_that_cannot_be_are_raised_by_the_with_statement() -> None:
    with pytest.raises(ValueError, match="no-slash"), running(hello, cors={"no-slash": POLICY}):
        pytest.fail("the block was entered")
    assert servers_threads() == []


def failing_app(*, at_start: bool) -> App:
    @contextlib.asynccontextmanager
    async def lifespan(app: App) -> AsyncIterator[None]:
        if at_start:
            raise LookupError("no database")
        yield
        raise LookupError("no goodbye")

    return App(lifespan=lifespan)


def test_a_lifespan_that_fails_at_the_start_is_raised_by_the_with_statement() -> None:
    with pytest.raises(LookupError, match="no database"), running(failing_app(at_start=True)):
        pytest.fail("the block was entered")
    assert servers_threads() == []


def test_a_lifespan_that_fails_at_the_end_is_raised_at_the_end_of_the_block() -> None:
    with pytest.raises(LookupError, match="no goodbye"), running(failing_app(at_start=False)):
        pass


def test_what_the_block_raised_hides_what_the_stop_raises() -> None:
    with pytest.raises(ZeroDivisionError), running(failing_app(at_start=False)):
        _ = 1 // 0


def test_the_lifespan_surrounds_the_block() -> None:
    story = []

    @contextlib.asynccontextmanager
    async def lifespan(app: App) -> AsyncIterator[None]:
        story.append("begin")
        yield
        story.append("end")

    with running(App(lifespan=lifespan)):
        story.append("block")
    assert story == ["begin", "block", "end"]


@pytest.mark.parametrize("grace", [0.0, 60.0])
def test_answers_under_way_are_cut_off_unless_they_are_given_grace(grace: float) -> None:
    begun, go_on = threading.Event(), trio.Event()
    token: list[trio.lowlevel.TrioToken] = []

    async def slow(request: Request) -> Response:
        token.append(trio.lowlevel.current_trio_token())
        begun.set()
        await go_on.wait()
        return Response("finished")

    answers: list[str] = []

    def ask(url: str) -> None:
        try:
            answers.append(httpx.get(url, timeout=60).text)
        except httpx.HTTPError:
            answers.append("cut off")

    with running(slow, grace=grace) as server:
        asking = threading.Thread(target=ask, args=[server.url])
        asking.start()
        begun.wait()
        if grace:
            token[0].run_sync_soon(go_on.set)
    asking.join()
    assert answers == (["finished"] if grace else ["cut off"])


def test_the_options_are_those_of_serve() -> None:
    entries: list[Entry] = []
    with running(
        hello,
        cors=POLICY,
        limits=Limits(request_line=100),
        allow_hosts=("api.example",),
        explain_denials=True,
        server_header="mine",
        access_log=entries.append,
    ) as server:
        asked = {"Origin": OTHER, "Access-Control-Request-Method": "PUT", "Host": "api.example"}
        denied = httpx.options(server.url, headers=asked)
        assert (denied.status_code, denied.headers["server"]) == (403, "mine")
        assert SITE in denied.text
        assert httpx.get(f"{server.url}/{'x' * 200}").status_code == 414
        server.wait_for(2)
    assert [entry.status for entry in entries] == [403, 414]


def test_the_apps_own_policy_counts_where_no_other_is_given() -> None:
    app = App(cors=POLICY)
    with running(app) as server:
        assert httpx.get(server.url, headers={"Origin": SITE}).headers["access-control-allow-origin"] == SITE


def test_policies_are_replaced_while_it_runs() -> None:
    with running(hello) as server:
        assert "access-control-allow-origin" not in httpx.get(server.url, headers={"Origin": SITE}).headers
        server.replace_cors(Policy(origins="*"))
        assert httpx.get(server.url, headers={"Origin": SITE}).headers["access-control-allow-origin"] == "*"
        with pytest.raises(ValueError, match="no-slash"):
            server.replace_cors({"no-slash": POLICY})
        assert httpx.get(server.url, headers={"Origin": SITE}).headers["access-control-allow-origin"] == "*"


def test_it_speaks_tls() -> None:
    authority, context = trustme.CA(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    with running(hello, ssl_context=context) as server:
        assert server.url.startswith("https://")
        assert httpx.get(server.url, verify=trusting).text == "hello"


def test_wait_for_says_what_came_instead() -> None:
    with running(hello) as server:
        with pytest.raises(TimeoutError, match=r"waited for 1 requests, and 0 s have passed; recorded were: none"):
            server.wait_for(1, timeout=0)
        httpx.get(f"{server.url}/first", headers={"Origin": SITE})
        server.wait_for(1)
        with pytest.raises(TimeoutError, match=f"GET /first 200 from {SITE}: no policy governs this path"):
            server.wait_for(2, timeout=0)
    with pytest.raises(TimeoutError, match="the server has stopped"):
        server.wait_for(2)


def test_clear_forgets() -> None:
    with running(hello) as server:
        httpx.get(server.url)
        server.wait_for(1)
        server.clear()
        assert server.requests == ()


@pytest.mark.parametrize(
    ("use", "words"),
    [
        (lambda server: server.url, "not started"),
        (lambda server: server.address, "not started"),
        (lambda server: server.replace_cors(None), "not started"),
        (lambda server: (server.start(), server.stop(), server.start()), "started already"),
    ],
)
def test_wrong_use_says_what_to_write(use: object, words: str) -> None:
    server: Running = running(hello)
    assert callable(use)
    with pytest.raises(RuntimeError, match=words):
        use(server)
    server.stop()


def test_replacing_policies_of_a_stopped_server_is_an_error() -> None:
    with running(hello) as server:
        pass
    with pytest.raises(RuntimeError, match="stopped"):
        server.replace_cors(POLICY)
