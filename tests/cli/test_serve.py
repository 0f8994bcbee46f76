"""`corserver [DIRECTORY]` as a user runs it: what it says, which port it takes, how it stops."""

import os
import re
import signal
import socket
from pathlib import Path
from unittest.mock import ANY

import httpx
import pytest
import trio

from .running import corserver, errors, refused


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


async def test_limits_reach_the_server(public: Path) -> None:
    async with corserver(public, "-p", "0", "--limit", "head=1k", "--limit", "request-line=64") as running:
        url = await running.url()
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"{url}/data.json")).status_code == 200
            assert (await client.get(f"{url}/data.json", headers={"X": "x" * 1024})).status_code == 431
            assert (await client.get(f"{url}/{'x' * 64}")).status_code == 414


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
