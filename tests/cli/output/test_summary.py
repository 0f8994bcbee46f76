"""The summary at the end: what is counted, which flag allows what was denied, and how little is remembered."""

import os
import shlex
import tempfile

import pytest
from click.testing import CliRunner

from corserver.cli.options.policy import policy_options
from corserver.cli.output.summary import MOST_DENIED, Tally, summary
from corserver.cli.output.worker_tallies import WorkerTallies
from corserver.config import allowing_flag, cors_policy
from corserver.cors.decision import CORSRequest, Decision
from corserver.cors.policy import Policy
from tests.cli.output.test_text_lines import ENTRY

FLAGS = ["--cors", "https://a.example", "--cors-methods", "PUT", "--cors-headers", "x-a"]
POLICY = cors_policy(["https://a.example"], ["PUT"], ["x-a"])
assert POLICY is not None


def asked(origin: str, method: str = "", headers: str = "", *, policy: Policy | None = POLICY) -> Decision:
    """The decision on a preflight, or without a method on a GET."""
    request = CORSRequest(
        b"OPTIONS" if method else b"GET",
        (origin.encode(),),
        (method.encode(),) if method else (),
        (headers.encode(),) if headers else (),
        own_origin=b"http://own.example",
    )
    return Decision.ungoverned(request) if policy is None else policy.decide(request)


def told(tally: Tally) -> list[str]:
    return [f"{label} {text}".replace("\xa0", " ") for label, text in summary(tally)]


def test_it_says_how_much_what_was_denied_and_the_flag_that_allows_it() -> None:
    tally = Tally()
    allowed, method = asked("https://a.example", "PUT"), asked("https://a.example", "PATCH")
    tally([ENTRY._replace(decision=allowed, status=204)] * 3 + [ENTRY._replace(decision=method, status=204)] * 2)
    tally([ENTRY._replace(decision=asked("https://b.example"), status=404) for _ in range(1200)])
    tally([ENTRY._replace(status=None), ENTRY])
    tally([ENTRY._replace(decision=asked("null", "PUT"), status=403)] * 1000)
    assert told(tally) == [
        "Served 2,207 requests (4xx: 2,200, cut short: 1)",
        "CORS 3 preflights allowed, 1,002 denied (1,000 origin null, 2 method not allowed)",
        "Denied https://b.example 1,200 times (origin not allowed), to allow it: --cors https://b.example",
        "Denied null 1,000 times (origin null), to mend it: serve the page from a real origin; `null` is anybody, so "
        "only a policy of `*` serves it",
        "Denied https://a.example 2 times (method not allowed), to allow it: --cors-methods PATCH",
    ]


def test_it_is_silent_where_nothing_was_asked_and_short_where_cors_played_no_part() -> None:
    assert told(Tally()) == []
    tally = Tally()
    tally([ENTRY, ENTRY._replace(decision=asked("http://own.example", policy=None))])
    assert told(tally) == ["Served 2 requests"]


@pytest.mark.parametrize(
    ("given", "flag"),
    [
        (("http://localhost:3001",), "--cors http://localhost:3001"),
        (("https://b.example", "PUT"), "--cors https://b.example"),
        (("https://a.example", "PATCH"), "--cors-methods PATCH"),
        (("https://a.example", "X'Y"), "--cors-methods 'X'\"'\"'Y'"),
        (("https://a.example", "PUT", "x-a,x-b,content-type"), "--cors-headers content-type,x-b"),
        (("https://a.example", "put"), ""),
        (("https://a.example/",), ""),
        (("https://$(reboot).example",), ""),
        (("null",), ""),
    ],
)
def test_the_flag_is_one_that_allows_it_in_a_shell(given: tuple[str, ...], flag: str) -> None:
    assert allowing_flag(asked(*given)) == flag
    if flag:
        assert asked(*given, policy=policy_of([*FLAGS, *shlex.split(flag)])).allowed


def policy_of(flags: list[str]) -> Policy | None:
    """What the command line makes of *flags*."""
    import click

    found: list[Policy | None] = []

    @click.command()
    @policy_options
    def command(policy: Policy | None) -> None:
        found.append(policy)

    CliRunner().invoke(command, flags, catch_exceptions=False)
    return found[0]


def test_without_a_policy_the_flag_is_for_the_first_one() -> None:
    assert allowing_flag(asked("https://b.example", policy=None)) == "--cors https://b.example"


def test_a_flag_that_would_be_refused_is_not_proposed() -> None:
    with_cookies = cors_policy(["https://a.example"], credentials=True)
    assert allowing_flag(asked("http://b.example", policy=with_cookies)) == ""
    assert allowing_flag(asked("https://b.example", policy=with_cookies)) == "--cors https://b.example"


def test_memory_is_bounded_and_nothing_is_lost_from_the_counts() -> None:
    tally = Tally()
    for start in range(0, 2000, 100):
        tally([ENTRY._replace(decision=asked(f"https://{n}.example")) for n in range(start, start + 100)])
        assert len(tally._pending) + len(tally._to_name) <= 500
    tally.settle()
    assert len(tally.denied) == MOST_DENIED
    assert tally.denied.total() + tally.unnamed == 2000
    assert told(tally)[-1].strip() == "and 95 kinds of denials more and 1,900 requests of others"


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="there is no file without a file system here")
def test_workers_need_no_file_system_that_can_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/proc/none")
    tallies = WorkerTallies()
    tallies.begin()
    assert tallies.total()[1] == 1
    tallies.close()


def test_workers_are_summed_up_and_those_that_were_killed_are_counted() -> None:
    tallies = WorkerTallies()
    for origins in (["https://b.example", "https://c.example"], ["https://b.example"]):
        tallies.begin()
        tally = Tally()
        tally([ENTRY._replace(decision=asked(origin, "PUT"), status=403) for origin in origins])
        tallies.hand_in(tally)
    tallies.begin()
    total, killed = tallies.total()
    tallies.close()
    assert killed == 1
    assert told(total) == [
        "Served 3 requests (4xx: 3)",
        "CORS 0 preflights allowed, 3 denied (3 origin not allowed)",
        "Denied https://b.example 2 times (origin not allowed), to allow it: --cors https://b.example",
        "Denied https://c.example 1 time (origin not allowed), to allow it: --cors https://c.example",
    ]


def test_where_no_policy_governs_an_app_that_allows_it_itself_denies_nothing() -> None:
    tally = Tally()
    off = ENTRY._replace(decision=asked("https://b.example", policy=None))
    tally([off._replace(response_head=b"HTTP/1.1 200 OK\r\naccess-control-Allow-Origin: *\r\n\r\n")])
    assert told(tally) == ["Served 1 request"]
    tally([off._replace(response_head=b"HTTP/1.1 200 OK\r\nX: access-control-allow-origin: *\r\n\r\n")])
    assert told(tally)[1:] == ["Denied https://b.example 1 time (no policy), to allow it: --cors https://b.example"]
