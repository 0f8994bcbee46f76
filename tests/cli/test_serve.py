"""`corserver [DIRECTORY]` as a user runs it: a real process, its terminal, its exit."""

import fcntl
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import termios
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from unittest.mock import ANY

import httpx
import pytest
import trio

from corserver.config import limits_sentence

ENVIRONMENT = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "FORCE_COLOR")}


class Running:
    """A `corserver` process: what it wrote, line by line, and its URL. *aside* is for a banner on stderr."""

    def __init__(self, process: trio.Process, aside: bool = False) -> None:
        stream = process.stderr if aside else process.stdout
        assert stream is not None
        self.process = process
        self.lines: list[str] = []
        self._stream = stream
        self._rest = b""

    async def line_with(self, text: str) -> str:
        """Read on until a line has *text*."""
        with trio.fail_after(30):
            while True:
                for line in self.lines:
                    if text in line:
                        return line
                chunk = await self._stream.receive_some()
                assert chunk, f"no line with {text!r}; there were {self.lines}"
                *whole, self._rest = (self._rest + chunk).split(b"\n")
                self.lines += [line.decode() for line in whole]

    async def url(self) -> str:
        return (await self.line_with("URL")).split()[-1]

    async def stop(self, number: int = signal.SIGINT) -> int:
        """Send the signal; the exit code."""
        self.process.send_signal(number)
        with trio.fail_after(30):
            return await self.process.wait()


@asynccontextmanager
async def corserver(*arguments: str | Path, **environment: str) -> AsyncIterator[Running]:
    command = [sys.executable, "-m", "corserver", *map(str, arguments)]
    pipe = subprocess.PIPE
    process = await trio.lowlevel.open_process(command, stdout=pipe, stderr=pipe, env={**ENVIRONMENT, **environment})
    try:
        yield Running(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def output(running: Running) -> str:
    assert running.process.stdout is not None
    return b"".join([chunk async for chunk in running.process.stdout]).decode()


async def errors(running: Running) -> str:
    assert running.process.stderr is not None
    return b"".join([chunk async for chunk in running.process.stderr]).decode()


async def refused(*arguments: str | Path) -> tuple[int, str]:
    """The exit code and the words of a command that does not start."""
    async with corserver(*arguments) as running:
        text = await errors(running)
        return await running.process.wait(), text


@pytest.fixture
def public(tmp_path: Path) -> Path:
    root = tmp_path.resolve() / "public"
    root.mkdir()
    (root / "data.json").write_text('{"a": 1}')
    (root / "large.bin").write_bytes(b"x" * 20_000_000)
    return root


async def test_it_says_where_what_and_which_policy_then_a_line_a_request_and_stops_cleanly(public: Path) -> None:
    async with corserver(public, "-p", "0", "--cors", "http://localhost:3000") as running:
        url = await running.url()
        async with httpx.AsyncClient(headers={"Origin": "http://localhost:3000"}) as client:
            answer = await client.get(f"{url}/data.json")
            assert answer.json() == {"a": 1}
            assert answer.headers["access-control-allow-origin"] == "http://localhost:3000"
            await client.put(f"{url}/data.json")
            wanted = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "authorization"}
            await client.options(f"{url}/data.json", headers=wanted)
            await client.get(f"{url}/nope", headers={"Origin": "http://localhost:3001"})
        await running.line_with("/nope")
        assert await running.stop() == 0
        await running.line_with("Stopped.")
        banner, requests = running.lines[:5], running.lines[5:]
        columns = re.compile(r"\d\d:\d\d:\d\d  (...)  ([ \d.]{4} ms)  (.{7})  (\S+) *(.*)")
        assert [line.split()[0] for line in banner] == ["corserver", "URL", "Root", "CORS", "Stop"]
        assert banner[2].endswith(str(public))
        assert banner[3].endswith("http://localhost:3000 (any method; any header; no credentials; max-age 600)")
        assert [[part.strip() for part in columns.findall(line)[0]] for line in requests[:4]] == [
            ["200", ANY, "GET", "/data.json", "cors allowed http://localhost:3000"],
            ["405", ANY, "PUT", "/data.json", "cors allowed http://localhost:3000"],
            ["204", ANY, "PUT", "/data.json", "preflight allowed http://localhost:3000"],
            [
                "404",
                ANY,
                "GET",
                "/nope",
                "cors denied http://localhost:3001 (origin not in the policy; allowed: http://localhost:3000)",
            ],
        ]
        assert [" ".join(line.split()) for line in requests[4:-1]] == [
            "Served 4 requests (4xx: 2)",
            "CORS 1 preflight allowed, none denied",
            "Denied http://localhost:3001 1 time (origin not allowed), to allow it: --cors http://localhost:3001",
        ]
        assert await errors(running) == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_an_answer_under_way_is_finished_before_it_stops(public: Path, number: int) -> None:
    async with corserver(public, "-p", "0") as running:
        url = await running.url()
        async with httpx.AsyncClient() as client, client.stream("GET", f"{url}/large.bin") as answer:
            body = answer.aiter_raw()
            received = len(await anext(body))
            running.process.send_signal(number)
            await running.line_with("Stopping")
            async for chunk in body:
                received += len(chunk)
        assert received == 20_000_000
        assert await running.process.wait() == 0
        assert await errors(running) == ""


async def test_a_second_signal_does_not_wait(public: Path) -> None:
    async with corserver(public, "-p", "0") as running:
        port = int((await running.url()).rpartition(":")[2])
        async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
            await stream.send_all(b"GET /large.bin HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert await stream.receive_some(1000)
            running.process.send_signal(signal.SIGINT)
            await running.line_with("Stopping")
            assert await running.stop() == 130
            assert await errors(running) == ""


async def test_a_taken_port_is_named_and_the_next_free_one_used_or_refused(public: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        async with corserver(public, "-p", str(port)) as running:
            url = await running.url()
            assert int(url.rpartition(":")[2]) > port
            assert f"{port} is taken" in await running.line_with("Port")
            await running.line_with("Stop")
            assert len(running.lines) <= 8
        code, text = await refused(public, "-p", str(port), "--strict-port")
        assert (code, f"port {port} is taken" in text) == (3, True)
        assert "Traceback" not in text


async def test_without_cors_the_banner_says_how_to_switch_it_on(public: Path) -> None:
    async with corserver(public, "-p", "0") as running:
        assert "off" in await running.line_with("CORS")


async def test_localhost_stands_for_this_machine_on_any_port(public: Path) -> None:
    async with corserver(public, "-p", "0", "--cors", "localhost,https://*.example.com") as running:
        url = await running.url()
        assert "localhost on any port, https://*.example.com" in await running.line_with("CORS")
        async with httpx.AsyncClient() as client:
            for origin in ("http://localhost:5173", "http://127.0.0.1", "http://[::1]:1", "https://a.example.com"):
                answer = await client.get(f"{url}/data.json", headers={"Origin": origin})
                assert answer.headers["access-control-allow-origin"] == origin
            answer = await client.get(f"{url}/data.json", headers={"Origin": "http://localhost.evil.example"})
            assert "access-control-allow-origin" not in answer.headers


async def test_a_bad_policy_is_refused_with_all_its_mistakes(public: Path) -> None:
    code, text = await refused(public, "--cors", "http://Site.example/,null", "--cors-methods", "put")
    assert code == 2
    for expected in ("write: 'http://site.example'", "--cors 'null'", "write: 'PUT'"):
        assert expected in text
    assert "Traceback" not in text


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["no-such-directory"], 2, "does not exist"),
        (["--cors-methods", "PUT"], 2, "add --cors ORIGIN"),
        (["--port", "http"], 2, "not a valid integer"),
        (["--host", "192.0.2.1"], 3, "cannot listen on 192.0.2.1"),
        (["--cors", "*", "--cors-credentials"], 2, "every site on the web"),
        (["--limit", "bdoy=1"], 2, "there is no limit 'bdoy'; did you mean body?"),
        (["--limit", "body=1", "--limit", "head=1s"], 2, "'head=1s': '1s' is not a number or a size"),
        (["--log-format", "xml"], 2, "'xml' is not one of 'text', 'clf', 'json'"),
        (["--index", "a/b"], 2, "'a/b' is not a file name"),
        (["-H", "X-Test"], 2, "'X-Test' is no header line: write 'Name: value'"),
        (["-H", "Access-Control-Allow-Origin: *"], 2, "Access-Control-Allow-Origin is written by --cors ORIGIN"),
        (["-H", "Content-Length: 1"], 2, "each answer has its own"),
        (["--cache", "soon"], 2, "'soon' is not a number of seconds"),
        (["--auth", "ada"], 2, "write --auth ada:secret"),
    ],
)
async def test_mistakes_are_said_in_words(arguments: list[str], code: int, words: str) -> None:
    exit_code, text = await refused(*arguments)
    assert (code, True) == (exit_code, words in text), text
    assert "Traceback" not in text


async def test_quiet_is_quiet(public: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    async with corserver(public, "-p", str(port), "--strict-port", "-q") as running:
        async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(retries=10)) as client:
            assert (await client.get(f"http://127.0.0.1:{port}/data.json")).status_code == 200
        assert await running.stop() == 0
        assert running.process.stdout is not None
        assert await running.process.stdout.receive_some() == b""


async def test_a_log_that_nobody_reads_any_more_does_not_stop_it(public: Path) -> None:
    async with corserver(public, "-p", "0") as running:
        url = await running.url()
        assert running.process.stdout is not None
        await running.process.stdout.aclose()
        async with httpx.AsyncClient() as client:
            for _ in range(3):
                assert (await client.get(f"{url}/data.json")).status_code == 200


async def test_colour_is_used_when_it_is_asked_for(public: Path) -> None:
    async with corserver(public, "-p", "0", FORCE_COLOR="1") as running:
        assert "\x1b[" in await running.line_with("URL")


@pytest.mark.parametrize("log_format", ["clf", "json"])
async def test_a_log_for_programs_has_stdout_to_itself(public: Path, log_format: str) -> None:
    async with corserver(public, "-p", "0", "--log-format", log_format) as running:
        aside = Running(running.process, aside=True)
        url = await aside.url()
        async with httpx.AsyncClient(headers={"Origin": "http://localhost:3001"}) as client:
            await client.get(f"{url}/data.json")
            await client.get(f"{url}/nope?q=%22")
        assert await running.stop() == 0
        await aside.line_with("Stopped.")
        lines = (await output(running)).splitlines()
    if log_format == "json":
        read = [json.loads(line) for line in lines]
        assert [(each["target"], each["status"]) for each in read] == [("/data.json", 200), ("/nope?q=%22", 404)]
        assert read[0]["sent"] == 8
        assert [each["cors"]["reason"] for each in read] == ["NO_POLICY", "NO_POLICY"]
        assert all(each["client"] == "127.0.0.1" and 0 < each["duration_us"] < 30_000_000 for each in read)
    else:
        one, other = lines
        assert re.fullmatch(r'127\.0\.0\.1 - - \[[^]]+ \+0000\] "GET /data\.json HTTP/1\.1" 200 8', one)
        assert re.search(r'"GET /nope\?q=%22 HTTP/1\.1" 404 \d+$', other)


async def test_without_an_access_log_there_is_the_banner_alone(public: Path) -> None:
    async with corserver(public, "-p", "0", "--no-access-log") as running:
        url = await running.url()
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"{url}/data.json")).status_code == 200
            assert await running.stop() == 0, "an idle connection is no answer under way"
        await running.line_with("Stopped.")
        assert [line.split()[0] for line in running.lines] == ["corserver", "URL", "Root", "CORS", "Stop", "Stopped."]


async def test_limits_reach_the_server(public: Path) -> None:
    async with corserver(public, "-p", "0", "--limit", "head=1k", "--limit", "request-line=64") as running:
        url = await running.url()
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"{url}/data.json")).status_code == 200
            assert (await client.get(f"{url}/data.json", headers={"X": "x" * 1024})).status_code == 431
            assert (await client.get(f"{url}/{'x' * 64}")).status_code == 414


async def test_the_help_names_every_limit(public: Path) -> None:
    async with corserver("--help", "limits") as running:
        words = (await output(running)).replace(",", " ").split()
    assert set(limits_sentence().split(", ")) <= set(words)


@pytest.mark.parametrize(("flags", "expected"), [([], "corserver"), (["--no-server-header"], None)])
async def test_the_server_line_can_be_left_out(public: Path, flags: list[str], expected: str | None) -> None:
    async with corserver(public, "-p", "0", *flags) as running, httpx.AsyncClient() as client:
        for path in ("data.json", "nope"):
            answer = await client.get(f"{await running.url()}/{path}")
            assert answer.headers.get("server") == expected


async def test_a_site_of_static_pages(public: Path) -> None:
    (public / "about.html").write_text("<p>about")
    (public / "index.html").write_text("<p>home")
    (public / "app.3f2a9c1b.css").write_text("a {}" * 500)
    flags = ["--clean-urls", "--spa", "--compress", "--cache", "10m", "-H", "X-Test: a: b", "-H", "X-Other:c"]
    async with corserver(public, "-p", "0", *flags) as running, httpx.AsyncClient() as client:
        url = await running.url()
        about = await client.get(f"{url}/about")
        assert (about.text, about.headers["cache-control"]) == ("<p>about", "max-age=600")
        assert (about.headers["x-test"], about.headers["x-other"]) == ("a: b", "c")
        assert (await client.get(f"{url}/about.html?x=1")).headers["location"] == "/about?x=1"
        assert (await client.get(f"{url}/users/7")).text == "<p>home"
        style = await client.get(f"{url}/app.3f2a9c1b.css", headers={"Accept-Encoding": "gzip"})
        assert style.headers["content-encoding"] == "gzip"
        assert style.headers["cache-control"] == "max-age=31536000, immutable"


@pytest.mark.parametrize(
    ("flags", "policy", "opener"),
    [
        ([], "same-origin", None),
        (["--isolate"], "same-origin", "same-origin"),
        (["--cors", "*"], None, None),
        (["--cors", "*", "--isolate"], "cross-origin", "same-origin"),
        (["-H", "Cross-Origin-Resource-Policy: same-site"], "same-site", None),
    ],
)
async def test_who_may_embed_the_answers(
    public: Path, flags: list[str], policy: str | None, opener: str | None
) -> None:
    async with corserver(public, "-p", "0", *flags) as running, httpx.AsyncClient() as client:
        for path in ("data.json", "nope", ""):
            answer = await client.get(f"{await running.url()}/{path}", headers={"Sec-Fetch-Site": "cross-site"})
            assert answer.headers.get("cross-origin-resource-policy") == policy
            assert answer.headers.get("cross-origin-opener-policy") == opener
            assert answer.headers.get("cross-origin-embedder-policy") == (opener and "require-corp")


@pytest.mark.parametrize("way", ["flag", "environment"])
async def test_a_login_guards_everything_and_is_named_without_its_password(public: Path, way: str) -> None:
    flags = ["--auth", "ada:love"] if way == "flag" else []
    environment = {} if flags else {"CORSERVER_AUTH": "ada:love"}
    async with corserver(public, "-p", "0", "--cors", "localhost", *flags, **environment) as running:
        url = await running.url()
        assert "(login: ada)" in await running.line_with("Root")
        async with httpx.AsyncClient(headers={"Origin": "http://localhost:1"}) as client:
            for path in ("data.json", "nope", ""):
                refused = await client.get(f"{url}/{path}")
                assert (refused.status_code, refused.headers["www-authenticate"][:5]) == (401, "Basic")
                assert refused.headers["access-control-allow-origin"] == "http://localhost:1"
            assert (await client.get(f"{url}/data.json", auth=("ada", "love"))).json() == {"a": 1}
            wanted = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
            assert (await client.options(f"{url}/data.json", headers=wanted)).status_code == 204
        assert not [line for line in running.lines if "love" in line]


async def test_a_program_that_starts_it_reads_one_object_once_it_listens(public: Path) -> None:
    async with corserver(public, "-p", "0", "--json") as running:
        ready = json.loads(await running.line_with("ready"))
        assert ready["pid"] == running.process.pid
        assert ready["addresses"] == [ready["url"]]
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"{ready['url']}/data.json")).json() == {"a": 1}
        assert await running.stop() == 0
        assert (await output(running), len(running.lines)) == ("", 1)
        assert await errors(running) == ""


async def test_the_log_follows_the_ready_line_where_it_is_for_programs(public: Path) -> None:
    async with corserver(public, "-p", "0", "--json", "--log-format", "json", "--host", "0.0.0.0") as running:
        ready = json.loads(await running.line_with("ready"))
        assert ready["url"].startswith("http://127.0.0.1:")
        async with httpx.AsyncClient() as client:
            await client.get(f"{ready['url']}/data.json")
        assert json.loads(await running.line_with("/data.json"))["status"] == 200
        assert await running.stop() == 0


async def test_all_interfaces_are_shown_as_addresses_that_can_be_clicked(public: Path) -> None:
    async with corserver(public, "-p", "0", "--host", "0.0.0.0") as running:
        url = await running.url()
        await running.line_with("Stop")
        networks = [line.split()[1] for line in running.lines if "Network" in line]
        async with httpx.AsyncClient() as client:
            for each in (url, *networks):
                assert each.rpartition(":")[2] == url.rpartition(":")[2]
                assert (await client.get(f"{each}/data.json")).json() == {"a": 1}
        assert any("open to other machines" in line for line in running.lines)


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_a_unix_socket(public: Path, tmp_path: Path, workers: str) -> None:
    path = str(tmp_path / "app.sock")
    async with corserver(public, "--uds", path, "--uds-mode", "660", "--workers", workers) as running:
        assert path in await running.line_with("Socket")
        async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=path)) as client:
            assert (await client.get("http://app.example/data.json")).json() == {"a": 1}
        code, text = await refused(public, "--uds", path)
        assert (code, "a server answers there already" in text) == (3, True)
        assert await running.stop() == 0
        assert "app.sock" not in os.listdir(tmp_path)
        assert await errors(running) == ""


@pytest.mark.parametrize(
    ("arguments", "url_ends"), [(["-o"], "/"), (["--open", "/docs/?q=1"], "/docs/?q=1"), (["-o", "--spa"], "/")]
)
async def test_the_browser_is_opened_and_not_waited_for(
    public: Path, tmp_path: Path, arguments: list[str], url_ends: str
) -> None:
    browser, opened = tmp_path / "browser", tmp_path / "opened"
    os.mkfifo(opened)
    browser.write_text(f'#!/bin/sh\nsleep 60 & echo "$1 $!" > {opened}; wait\n')
    browser.chmod(0o755)
    async with corserver(public, *arguments, "-p", "0", BROWSER=f"{browser} %s") as running:
        url = await running.url()
        opened_url, sleeper = (await read_line(opened)).split()
        assert opened_url == url + url_ends
        os.kill(int(sleeper), signal.SIGTERM)
        assert await running.stop() == 0


async def read_line(fifo: Path) -> str:
    with trio.fail_after(30):
        return (await trio.to_thread.run_sync(fifo.read_text, abandon_on_cancel=True)).strip()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--open=docs"], "write a path of the site, such as --open /docs"),
        (["-o", "/usr"], "a directory is served by corserver /usr -o"),
        (["--open", "--uds", "x.sock"], "a browser cannot connect to a Unix socket"),
        (["--uds-mode", "rw"], "write three octal digits, such as 660"),
    ],
)
async def test_what_cannot_be_opened_is_said(arguments: list[str], words: str) -> None:
    code, text = await refused(*arguments)
    assert (code, True) == (2, words in text), text


async def test_verbose_says_the_flag_that_would_allow_it(public: Path) -> None:
    async with corserver(public, "-p", "0", "-v") as running:
        async with httpx.AsyncClient(headers={"Origin": "http://localhost:3001"}) as client:
            await client.get(f"{await running.url()}/data.json")
        assert (await running.line_with("to allow it")).strip() == "to allow it: --cors http://localhost:3001"


async def test_live_pages_have_a_script_that_no_policy_lets_others_read_and_that_is_not_logged(public: Path) -> None:
    (public / "index.html").write_text("<p>home")
    async with corserver(public, "-p", "0", "--live", "--cors", "*") as running:
        url = await running.url()
        async with httpx.AsyncClient(headers={"Accept": "text/html"}) as client:
            page = (await client.get(url)).text
            script = re.findall('src="(.*)"', page)[0]
            assert (await client.get(f"{url}{script}")).status_code == 200
            refused = await client.get(f"{url}{script}", headers={"Origin": "https://a.example"})
            assert (refused.status_code, "access-control-allow-origin" in refused.headers) == (403, False)
            async with client.stream("GET", f"{url}/_corserver/live") as stream:
                lines = stream.aiter_lines()
                while "event: state" not in await anext(lines):
                    pass
                running.process.send_signal(signal.SIGINT)
                assert [line async for line in lines][-1] == ""
        assert await running.process.wait() == 0
        await running.line_with("Stopped.")
        assert not [line for line in running.lines if "_corserver" in line]


async def test_live_is_for_one_process(public: Path) -> None:
    code, text = await refused(public, "--live", "--workers", "2")
    assert (code, "leave out --workers" in text) == (2, True)


async def test_the_live_view_is_on_a_port_of_its_own_and_never_on_the_served_one(public: Path) -> None:
    async with corserver(public, "-p", "0", "--inspect", "-q", "--json", "--cors", "https://a.example") as running:
        ready = json.loads(await running.line_with("ready"))
        view, url = ready["inspect"], ready["url"]
        assert view != url
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"{url}/data.json", headers={"Origin": "https://b.example"})).status_code == 200
            assert (await client.get(f"{url}/api/exchanges/1")).status_code == 404
            async with client.stream("GET", f"{view}/api/stream") as stream:
                lines = stream.aiter_lines()
                while "/data.json" not in (line := await anext(lines)):
                    pass
                assert json.loads(line.partition(": ")[2])[0]["state"] == "denied"
                running.process.send_signal(signal.SIGINT)
                with trio.fail_after(10):
                    assert [line async for line in lines][-1] == ""
        assert await running.process.wait() == 0
        assert await errors(running) == ""


async def test_the_banner_names_the_live_view_and_several_processes_have_none(public: Path) -> None:
    async with corserver(public, "-p", "0", "--inspect") as running:
        view = (await running.line_with("Inspect")).split()[1]
        async with httpx.AsyncClient() as client:
            assert "Requests" in (await client.get(view)).text
    code, text = await refused(public, "--inspect", "--workers", "2")
    assert (code, "leave out --workers" in text) == (2, True)


async def test_on_a_terminal_nothing_but_a_long_path_is_wider_than_it(public: Path) -> None:
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
    command = [sys.executable, "-m", "corserver", str(public), "-p", "0", "-v", "--cors", "https://a.example"]
    process = await trio.lowlevel.open_process(command, stdout=theirs, env={**ENVIRONMENT, "NO_COLOR": "1"})
    os.close(theirs)
    async with trio.lowlevel.FdStream(ours) as terminal:
        shown = b""

        async def read_until(words: bytes) -> None:
            nonlocal shown
            with trio.fail_after(30):
                while words not in shown:
                    shown += await terminal.receive_some()

        await read_until(b"Ctrl-C")
        url = re.findall(r"http://127[^\s]+", shown.decode())[0]
        async with httpx.AsyncClient(headers={"Origin": "https://b.example"}) as client:
            await client.get(f"{url}/data.json")
        await read_until(b"see https")
        process.send_signal(signal.SIGINT)
        await read_until(b"Stopped.")
    assert await process.wait() == 0
    lines = [line.rstrip() for line in shown.decode().splitlines() if str(public) not in line]
    assert [line for line in lines if len(line) > 60] == []
    assert [line.strip() for line in lines].count("to allow it: --cors https://b.example") >= 1
