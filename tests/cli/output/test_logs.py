"""The command line's logs: which format goes where, and what stderr looks like."""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
import trio

from corserver.cli.output.access_log import AccessLog, Lines
from corserver.cli.output.logs import LogFormat, Output, PatientHandler, PlainFormatter
from corserver.cli.output.notices import print_stopped
from corserver.cors.decision import CORSRequest, Decision
from corserver.http.log import Entry, common, json_line
from tests.cli.running import corserver, output
from tests.trio_asyncio_here import needs_asyncio

ENTRY = Entry(
    time=0.0,
    client=("192.0.2.1", 5000),
    method=b"GET",
    target=b"/a",
    status=200,
    sent=7,
    seconds=0.25,
    decision=Decision.ungoverned(CORSRequest(b"GET")),
)


@pytest.mark.parametrize(
    ("log_format", "expected"),
    [
        (LogFormat.CLF, common(ENTRY)),
        (LogFormat.JSON, json_line(ENTRY)),
    ],
)
def test_a_format_for_programs_has_stdout_to_itself(
    capsys: pytest.CaptureFixture[str], log_format: LogFormat, expected: str
) -> None:
    output = Output(log_format)
    assert output.banner_is_aside
    write = output.access_log()
    assert write is not None
    write(ENTRY)
    assert capsys.readouterr() == (f"{expected}\n", "")


def test_text_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output()
    assert not output.banner_is_aside
    write = output.access_log()
    assert write is not None
    write(ENTRY)
    assert capsys.readouterr().out[8:] == "  200   250 ms  GET      /a\n"


def test_no_lines_and_quiet_have_no_access_log() -> None:
    assert Output(lines=False).access_log() is Output(quiet=True).access_log() is None
    assert Output(ready_line=True).access_log() is None


def test_a_program_that_reads_stdout_gets_the_ready_line_and_a_log_only_if_that_is_for_programs() -> None:
    assert not Output(ready_line=True).is_for_people
    assert Output(LogFormat.JSON, ready_line=True).has_lines


def test_readers_are_given_what_has_ended_even_without_lines() -> None:
    read: list[Entry] = []
    log = Output(quiet=True).access_log(read.extend)
    assert log is not None
    log(ENTRY)
    assert read == [ENTRY]


def formatted(message: str, *arguments: object, error: BaseException | None = None) -> str:
    exc_info = None if error is None else (type(error), error, error.__traceback__)
    return PlainFormatter().format(
        logging.LogRecord("corserver", logging.WARNING, "file.py", 1, message, arguments, exc_info)
    )


def test_a_warning_is_a_plain_line() -> None:
    assert formatted("it is %s", "odd – ü") == "WARNING it is odd – ü"


def test_a_message_of_several_lines_is_indented() -> None:
    assert formatted("Traceback:\n  100% \x1b\nERROR x") == "WARNING Traceback:\n    100% \\x1b\n  ERROR x"


def test_control_characters_forge_nothing() -> None:
    assert formatted("it is %s", "\x1b[2J\r\nERROR \x85\u202e") == r"WARNING it is \x1b[2J\r\nERROR \x85\u202e"
    lines = formatted("it raised", error=ValueError("x\nERROR forged \x1b[2J")).split("\n")
    assert lines[0] == "WARNING it raised"
    assert lines[-2:] == ["  ValueError: x", r"  ERROR forged \x1b[2J"]
    assert all(line.startswith("  ") for line in lines[1:])


SCRIPT = """
import logging
from corserver.cli.output.logs import log_rest, log_to_stderr

repeated = log_to_stderr()
log = logging.getLogger("corserver")
for n in range(20):
    log.warning("%d is odd", n)
    try:
        raise ValueError(n)
    except ValueError:
        log.exception("%d: the handler raised", n)
log.info("nobody asks")
logging.getLogger("an.app").info("its own business")
log_rest(repeated)
"""


def test_floods_are_counted_on_stderr_and_every_traceback_of_the_app_is_there() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    lines = [line for line in done.stderr.splitlines() if not line.startswith("  ")]
    assert done.stdout == ""
    assert [line for line in lines if "odd" in line] == [
        *(f"WARNING {n} is odd" for n in range(5)),
        "WARNING 15 more like this were left out: 5 is odd",
    ]
    assert [line for line in lines if "raised" in line] == [f"ERROR {n}: the handler raised" for n in range(20)]
    assert len(lines) == 26
    assert done.stderr.count("\n  ValueError: ") == 20


async def test_lines_are_written_together_once_somebody_sees_to_it(
    capsys: pytest.CaptureFixture[str], autojump_clock: object
) -> None:
    write = Output().access_log()
    assert write is not None
    async with write:
        for number in range(3):
            write(ENTRY._replace(target=b"/%d" % number))
        assert capsys.readouterr().out == ""
        await trio.sleep(0.1)
        assert [line.split()[-1] for line in capsys.readouterr().out.splitlines()] == [f"/{n}" for n in range(3)]
        write(ENTRY)
    assert capsys.readouterr().out.endswith(" /a\n")


async def test_no_more_than_a_few_wait_so_that_their_lines_hold_nobody_up(autojump_clock: object) -> None:
    batches: list[int] = []
    log = AccessLog(lambda entries: batches.append(len(entries)))
    async with log:
        for _ in range(70):
            log(ENTRY)
        assert batches == [32, 32]
        await trio.sleep(0.1)
        assert batches == [32, 32, 6]
    assert batches == [32, 32, 6]


async def test_lines_that_cannot_be_written_stop_nobody(
    autojump_clock: object, caplog: pytest.LogCaptureFixture
) -> None:
    def write(entries: object) -> None:
        raise ValueError("I/O operation on closed file")

    counted: list[int] = []
    log = AccessLog(write, lambda entries: counted.append(len(entries)))
    async with log:
        log(ENTRY)
        await trio.sleep(0.1)
        log(ENTRY)
        await trio.sleep(0.1)
    log(ENTRY)
    assert counted == [1, 1, 1]
    assert [record.exc_info is not None for record in caplog.records] == [True] * 3


def test_what_is_written_at_once_fits_a_pipe_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(write=written.append, flush=lambda: None))
    write = Lines(lambda entry: entry.target.decode())
    write([ENTRY._replace(target=b"x" * size) for size in (3000, 1000, 100, 5000, 1)])
    assert [len(piece) for piece in written] == [4002, 101, 4096, 905, 2]


@contextmanager
def piped() -> Iterator[int]:
    """The end of a pipe, from which what is written to stdout can be read."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    with open(writing, "w") as stdout, redirect_stdout(stdout):
        yield reading
    os.close(reading)


def read(fd: int) -> str:
    """What is there, up to as much as a pipe holds."""
    try:
        return os.read(fd, 1 << 20).decode()
    except BlockingIOError:
        return ""


def targets(text: str) -> list[int]:
    return [int(line.partition(" ")[0]) for line in text.splitlines()]


def test_a_reader_who_stalls_holds_nobody_up_and_what_is_lost_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    write, count = Lines(lambda entry: entry.target.decode()), 2000
    with piped() as pipe:
        ends = [write([ENTRY._replace(target=b"%d " % number + b"x" * 1000)]) for number in range(count)]
        assert (ends[0], ends[-1], caplog.messages) == (False, True, [])
        text = read(pipe)
        while write([]):
            text += read(pipe)
        text += read(pipe)
        assert not write([ENTRY])
        assert read(pipe) == "/a\n"
    written = len(targets(text))
    assert 1000 < written < count
    assert targets(text) == [*range(written)]
    assert {len(line.partition(" ")[2]) for line in text.splitlines()} == {1000}
    assert caplog.messages == [f"{count - written} lines of the log were not written: whoever reads it is slow"]


async def test_the_lines_that_wait_are_written_later_or_given_up_in_the_end(
    autojump_clock: object, caplog: pytest.LogCaptureFixture
) -> None:
    with piped() as pipe:
        async with AccessLog(Lines(lambda entry: entry.target.decode())) as log:
            text = ""
            for number in range(300):
                log(ENTRY._replace(target=b"%d " % number + b"x" * 1000))
            while more := read(pipe):
                text += more
                await trio.sleep(1)
            assert targets(text) == [*range(300)]
            for _ in range(100):
                log(ENTRY._replace(target=b"x" * 1000))
    assert caplog.messages == ["the last lines of the log were not written: nobody reads it"]


def test_messages_that_nobody_reads_are_counted() -> None:
    with piped() as pipe:
        handler = PatientHandler(sys.stdout)
        for number in range(300):
            handler.emit(logging.makeLogRecord({"msg": f"{number} " + "x" * 6000}))
        text = read(pipe)
        for _ in range(2):
            handler.emit(logging.makeLogRecord({"msg": "read again"}))
        first, notice, *rest = read(pipe).splitlines()
    whole = sum(len(line) > 6000 for line in text.splitlines(keepends=True) if line.endswith("\n"))
    assert (first, rest) == ("", ["read again", "read again"])
    assert 5 < whole < 20
    assert notice == f"WARNING {300 - whole} messages are missing here: whoever reads them is slow"


@needs_asyncio
async def test_a_server_whose_errors_nobody_reads_goes_on_serving(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(f"async def app(scope, receive, send):\n    raise ValueError({'x' * 3000!r})\n")
    async with (
        corserver("run", "main:app", "--app-dir", tmp_path, "-p", "0", "--lifespan", "off") as running,
        httpx.AsyncClient() as client,
    ):
        url = await running.url()
        for _ in range(60):
            assert (await client.get(url)).status_code == 500
        assert await running.stop() == 0


async def test_a_server_whose_log_nobody_reads_goes_on_serving(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("here")
    count, long = 100, "x" * 1900
    async with corserver(tmp_path, "-p", "0") as running, httpx.AsyncClient() as client:
        url = await running.url()
        for _ in range(count):
            assert (await client.get(f"{url}/a?{long}")).status_code == 200
        running.process.terminate()
        assert (await output(running)).count(long) == count
        assert await running.process.wait() == 0


def test_what_is_said_of_the_stop_waits_for_nobody_who_does_not_read() -> None:
    with piped() as pipe:
        os.set_blocking(sys.stdout.fileno(), False)  # So that the test ends where it fails.
        while True:
            try:
                os.write(sys.stdout.fileno(), b"x")
            except BlockingIOError:
                break
        print_stopped(was_cut_off=False)
        assert set(read(pipe)) == {"x"}
        with suppress(BlockingIOError):
            sys.stdout.flush()
        assert read(pipe) == ""
        print_stopped(was_cut_off=False)
        assert read(pipe) == "Stopped.\n"
