"""`corserver bench` as it is typed, against a server of ours."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from corserver import Policy
from corserver.cli.bench import bench
from corserver.testing import Running, running
from tests.cli.test_check import examples
from tests.ports import reserved_ports
from tests.testing.apps import OTHER, SITE, make_app


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running(make_app(), cors=Policy(origins=[SITE], methods=["PUT"])) as running_server:
        yield running_server


def run(server: Running, *options: str, path: str = "/hello") -> Result:
    return CliRunner().invoke(bench, [f"{server.url}{path}", "--origin", SITE, "-n", "200", "-c", "4", *options])


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ((), "204"),
        (("--rate", "5000"), "204"),
        (("--processes", "2"), "204"),
        (("--scenario", "preflight-denied", "--origin", OTHER), "403"),
        (("--scenario", "get"), "200"),
        (("--scenario", "connect"), "204"),
    ],
)
def test_every_answer_is_counted(server: Running, options: tuple[str, ...], status: str) -> None:
    found = run(server, "--json", *options)
    assert found.exit_code == 0, found.output
    told = json.loads(found.stdout)
    assert (told["requests"], told["status"], told["errors"]) == (200, {status: 200}, {})


def test_the_report_is_for_people(server: Running) -> None:
    found = run(server)
    assert found.output.startswith(f"preflight-allowed {server.url}/hello\n")
    assert "  errors      none\n" in found.output


@pytest.mark.parametrize(
    ("options", "path", "words"),
    [
        (("--origin", OTHER), "/hello", "a browser refuses the answer (403)"),
        (("--method", "DELETE"), "/hello", "a browser refuses the answer (204): the method is not in"),
        (("--scenario", "preflight-denied"), "/hello", "the server allows this preflight"),
        (("--method", "GET"), "/hello", "a browser sends no preflight for this request"),
        (("--scenario", "get"), "/missing", "the server answers with 404"),
    ],
)
def test_what_is_wrong_is_not_measured(server: Running, options: tuple[str, ...], path: str, words: str) -> None:
    found = run(server, *options, path=path)
    assert found.exit_code == 3
    assert words in found.stderr


def test_nobody_there_is_said() -> None:
    with reserved_ports(1) as [port]:
        found = CliRunner().invoke(bench, [f"http://127.0.0.1:{port}/hello", "--origin", SITE])
    assert found.exit_code == 3
    assert "is the server running?" in found.stderr


def test_a_baseline_decides_the_exit_code(server: Running, tmp_path: Path) -> None:
    file = tmp_path / "before.json"
    told = json.loads(run(server, "--json").stdout)
    for throughput, code in ((1.0, 0), (1e12, 1)):
        file.write_text(json.dumps(told | {"throughput": throughput}))
        assert run(server, "--baseline", str(file)).exit_code == code
    server.clear()
    for text in ("no json", "{}", json.dumps(told | {"connections": 5})):
        file.write_text(text)
        assert run(server, "--baseline", str(file)).exit_code == 2
    assert server.requests == (), "nobody waits for a load that cannot be compared"


@pytest.mark.parametrize("example", examples(bench.epilog or ""))
def test_every_example_of_the_help_runs(
    server: Running, example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Word for word, but for the server and its page; and it may end a little earlier."""
    if "| sh" in example and shutil.which("wrk") is None:
        pytest.skip("no wrk here: apt-get install wrk")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "before.json").write_text(
        json.dumps(json.loads(run(server, "--json", "-c", "32").stdout) | {"throughput": 1.0})
    )
    words, url = example.split(maxsplit=3), f"{server.url}/hello"
    assert words[:3] == ["corserver", "bench", "http://127.0.0.1:8000/items"]
    rest = "".join(words[3:]).replace("--origin https://app.example", "")
    command = f"{sys.executable} -m corserver bench {url} --origin {SITE} -d 1 -n 500 {rest}"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(shutil.which("wrk") is None, reason="no wrk here: apt-get install wrk")
def test_the_emitted_wrk_runs_and_every_answer_is_right(server: Running) -> None:
    server.clear()
    script = run(server, "-d", "1", "--emit", "wrk").stdout
    assert "# wrk has no number of requests: it asks for 1 s" in script
    told = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout
    assert "Requests/sec:" in told
    assert "Non-2xx" not in told
    assert {request.decision.allowed for request in server.wait_for(1)} == {True}


@pytest.mark.parametrize("generator", ["oha", "locust"])
@pytest.mark.parametrize("options", [(), ("--rate", "10"), ("--scenario", "connect")])
def test_the_others_are_given_the_same_lines(server: Running, generator: str, options: tuple[str, ...]) -> None:
    script = run(server, "--emit", generator, *options).stdout
    assert all(word in script for word in (SITE, "Access-Control-Request-Method", "PUT", "OPTIONS"))
    if generator == "locust":
        assert "has no number of requests: it asks for 10 s" in script
        compile(script, "locustfile.py", "exec")


@pytest.mark.skipif(find_spec("locust") is None, reason="no locust here: pip install locust")
@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--rate", "1000"),
        ("--scenario", "get"),
        ("--scenario", "preflight-denied", "--origin", OTHER),
    ],
)
def test_the_emitted_locustfile_runs_and_no_right_answer_is_a_failure(
    server: Running, options: tuple[str, ...], tmp_path: Path
) -> None:
    server.clear()
    script = run(server, "-d", "600", "--emit", "locust", *options).stdout
    command = script.partition("\n")[0].removeprefix("# ").replace("THIS_FILE", str(tmp_path / "locustfile.py"))
    (tmp_path / "locustfile.py").write_text(script)
    locust = [sys.executable, "-m", *shlex.split(command), "--only-summary"]
    pipe = subprocess.PIPE
    with subprocess.Popen(locust, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            # More than its users: an answer was judged before the next request was sent.
            server.wait_for(20, timeout=60)
        finally:
            process.terminate()
            told = process.communicate(timeout=60)
    assert process.returncode == 0, "".join(told)  # 1 if a request failed


@pytest.mark.parametrize("processes", ["1", "2"])
def test_an_interrupt_is_no_verdict_and_ends_every_process(server: Running, processes: str) -> None:
    server.clear()
    command = [sys.executable, "-m", "corserver", "bench", f"{server.url}/hello", "--origin", SITE]
    command += ["-d", "600", "--processes", processes]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, start_new_session=True) as process:
        server.wait_for(100)
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=30)
    # Between two processes it is click that is interrupted, which ends the line of the ^C.
    assert (process.returncode, out, err.strip()) == (130, b"", b"")
