"""The app whose pages reload: who gets the script, who may listen, and what a stream says."""

import functools
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import trio

from corserver import Policy, StaticFiles, serve
from corserver.apps.auth import BasicAuth
from corserver.apps.live import PRIVATE, Live
from corserver.apps.live.changes import Change
from corserver.apps.live.watching import judge
from corserver.cors.scopes import Path as URLPath
from corserver.cors.scopes import Scopes
from corserver.http.messages import Request, Response
from corserver.http.server import Server

PAGE = {"Accept": "text/html"}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    root = tmp_path.resolve() / "site"
    root.mkdir()
    (root / "index.html").write_text("<p>hello")
    (root / "data.json").write_text("{}")
    return root


async def started(nursery: trio.Nursery, live: Live, policy: Policy | None = None) -> Server:
    cors = None if policy is None else Scopes.of(policy).without(PRIVATE)
    server: Server = await nursery.start(functools.partial(serve, live, port=0, cors=cors))
    return server


async def events(answer: httpx.Response) -> AsyncIterator[tuple[str, str]]:
    kind = ""
    async for line in answer.aiter_lines():
        name, _, value = line.partition(": ")
        if name == "event":
            kind = value
        elif name == "data":
            yield kind, value


async def test_a_page_names_its_state_and_a_stream_says_what_comes_after(site: Path, nursery: trio.Nursery) -> None:
    live = Live(StaticFiles(site))
    server = await started(nursery, live)
    async with httpx.AsyncClient(base_url=server.url, headers=PAGE) as client:
        state = live.changes.state
        text = (await client.get("/")).text
        assert text == f'<p>hello\n<script src="/_corserver/live.js?at={state}"></script>\n'
        script = await client.get(f"/_corserver/live.js?at={state}")
        assert "EventSource" in script.text
        assert script.headers["content-type"].startswith("text/javascript")
        async with client.stream("GET", "/_corserver/live") as answer:
            said = events(answer)
            assert await anext(said) == ("state", state)
            live.changes.tell(Change.STYLE)
            assert await anext(said) == ("style", live.changes.state)
            live.changes.tell(Change.RELOAD)
            live.changes.tell(Change.STYLE)
            assert await anext(said) == ("reload", live.changes.state)
            with trio.fail_after(5):  # The grace is longer: the stream does not hold up the end.
                server.stop()
                assert [event async for event in said] == []


async def test_a_change_while_another_is_on_its_way_is_not_missed(site: Path) -> None:
    live = Live(StaticFiles(site))
    stream = live._stream()
    live.changes.tell(Change.STYLE)
    assert b"event: state" in await anext(stream)
    for change in (Change.RELOAD, Change.STYLE):
        live.changes.tell(change)
        with trio.fail_after(5):
            assert f"event: {change.value}".encode() in await anext(stream)
    live.changes.end()
    assert [piece async for piece in stream] == []


async def test_what_a_script_fetches_and_what_is_sent_is_left_alone(site: Path, nursery: trio.Nursery) -> None:
    server = await started(nursery, Live(StaticFiles(site)))
    async with httpx.AsyncClient(base_url=server.url) as client:
        for headers in ({"Accept": "*/*"}, {"Sec-Fetch-Dest": "empty", **PAGE}, {"Sec-Fetch-Dest": "script"}):
            assert (await client.get("/", headers=headers)).text == "<p>hello"
        assert "live.js" in (await client.get("/", headers={"Sec-Fetch-Dest": "iframe", "Accept": "*/*"})).text
        assert (await client.get("/data.json", headers=PAGE)).text == "{}"
        assert (await client.post("/", headers=PAGE)).status_code == 405
        missing = await client.get("/nope", headers=PAGE)
        assert (missing.status_code, "live.js" in missing.text) == (404, True)


@pytest.mark.parametrize(
    "path", ["/_corserver/live", "/_corserver/live.js", "//_corserver//live", "/_corserver/%6Cive"]
)
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:1"},
        {"Host": "evil.example"},
    ],
)
async def test_no_other_origin_may_listen_even_where_a_policy_allows_any(
    site: Path, nursery: trio.Nursery, path: str, headers: dict[str, str]
) -> None:
    server = await started(nursery, Live(StaticFiles(site)), Policy(["*"], ["*"], ["*"]))
    async with httpx.AsyncClient() as client:
        answer = await client.get(server.url + path, headers=headers)
        assert answer.status_code == 403
        assert not [name for name in answer.headers if name.startswith("access-control-")]
        asks = {"Access-Control-Request-Method": "GET", "Origin": "https://a.example", **headers}
        preflight = await client.options(server.url + path, headers=asks)
        assert preflight.status_code in (403, 405)
        assert not [name for name in preflight.headers if name.startswith("access-control-")]
        page = await client.get(f"{server.url}/", headers={"Origin": "https://a.example"})
        assert page.headers["access-control-allow-origin"] == "*"


async def test_whoever_has_no_login_does_not_listen(site: Path, nursery: trio.Nursery) -> None:
    app = BasicAuth(Live(StaticFiles(site), [str(site)]), {"ada": "love"})
    server: Server = await nursery.start(functools.partial(serve, app, port=0))
    async with httpx.AsyncClient(base_url=server.url) as client:
        assert (await client.get("/_corserver/live")).status_code == 401
        async with client.stream("GET", "/_corserver/live", auth=("ada", "love")) as answer:
            said = events(answer)
            assert (await anext(said))[0] == "state"
            with trio.fail_after(5):
                server.stop()
                assert [event async for event in said] == []


async def test_a_file_that_changes_is_told_of(site: Path, nursery: trio.Nursery) -> None:
    server = await started(nursery, Live(StaticFiles(site), [str(site)]))
    async with httpx.AsyncClient(base_url=server.url) as client, client.stream("GET", "/_corserver/live") as answer:
        said = events(answer)
        with trio.fail_after(30):
            assert (await anext(said))[0] == "state"
            (site / "style.css").write_text("p {}")
            assert (await anext(said))[0] == "style"
            (site / "new").mkdir()
            while (await anext(said))[0] != "reload":  # The system may speak of the style more than once.
                pass
            server.stop()
            assert all([kind == "style" async for kind, _ in said])


async def test_watching_ends_soon_when_it_is_cancelled(site: Path) -> None:
    with trio.fail_after(3):
        async with trio.open_nursery() as nursery:
            await started(nursery, Live(StaticFiles(site), [str(site)]))
            nursery.cancel_scope.cancel()


async def test_files_that_cannot_be_watched_are_served(site: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with Live(StaticFiles(site), [str(site / "no-such")]) as live:
        assert not live.changes.has_ended
    assert "the files cannot be watched" in caplog.text


def test_the_library_that_watches_is_named_where_it_is_missing(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("corserver.apps.live.watching.find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"pip install 'corserver\[live\]'"):
        Live(StaticFiles(site), [str(site)])
    Live(StaticFiles(site))


@pytest.mark.parametrize(
    ("paths", "change"),
    [
        (["/site/a.css"], Change.STYLE),
        (["/site/a.css", "/site/b.js"], Change.RELOAD),
        (["/site/a.css", "/site/.git/index"], Change.STYLE),
        (["/site/.git/index"], None),
        (["/site/node_modules/x/index.js"], None),
        (["/site/a.html~", "/site/.a.html.swp"], None),
        (["/.hidden/site/page.html"], Change.RELOAD),
    ],
)
def test_what_is_no_part_of_the_site_is_no_change(paths: list[str], change: Change | None) -> None:
    assert judge(paths, ["/site", "/.hidden/site"]) is change


async def test_streams_end_with_the_app_even_where_no_server_has_said_that_it_stops(site: Path) -> None:
    live = Live(StaticFiles(site))
    async with live:
        answer = await live(Request(method="GET", target="/_corserver/live", path=URLPath.parse(b"/_corserver/live")))
        assert not isinstance(answer.body, bytes)
        stream = aiter(answer.body)
        assert b"event: state" in await anext(stream)
    with trio.fail_after(10):
        assert [event async for event in stream] == []


async def test_the_app_is_told_that_the_server_stops_and_lives_as_long() -> None:
    seen: list[str] = []

    class Inner:
        async def __call__(self, request: Request) -> Response:
            raise AssertionError

        async def __aenter__(self) -> None:
            seen.append("entered")

        async def __aexit__(self, *exc_info: object) -> None:
            seen.append("left")

        def stopping(self) -> None:
            seen.append("stopping")

    async with Live(Inner()) as live:
        live.stopping()
    assert seen == ["entered", "stopping", "left"]
