"""What `check` tries beside the request itself: Vary, cookies, origins that nobody meant; and what it does not dare."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from corserver.cors.browser import Credentials
from corserver.tools.check.report import Topic
from tests.tools.check.server import Answered, Asked, Fault, serving

from .themes import ACAC, ACAO, GOOD, GRANTED, INCLUDE, PAGE, PUT, STAR, VARY, always, headers, look, methods, split


async def test_a_missing_vary_is_found_by_asking_as_another_origin_and_as_none() -> None:
    def fault(asked: Asked) -> Answered:
        return Answered(200, (ACAO,)) if asked.get("origin") == PAGE else Answered(200)

    report, output = await look(fault, {})
    assert report.is_allowed
    assert "it works once and fails later" in output
    assert "\n      Vary: Origin\n" in output

    def varying(asked: Asked) -> Answered:
        return replace(fault(asked), headers=(*fault(asked).headers, VARY))

    report, output = await look(varying, {})
    assert Topic.MISSING_VARY not in {note.topic for note in report.notes}


@pytest.mark.parametrize(("lines", "is_said"), [((ACAO,), True), ((ACAO, VARY), False), ((STAR,), False), ((), False)])
async def test_vary_is_not_tried_out_with_a_request_that_acts(
    lines: tuple[tuple[str, str], ...], is_said: bool
) -> None:
    acted = []

    def fault(asked: Asked) -> Answered:
        acted.append(asked.method)
        return GOOD if asked.is_preflight else Answered(200, lines)

    report, output = await look(fault, PUT)
    assert (Topic.MISSING_VARY in {note.topic for note in report.notes}) == is_said
    assert ("caches keep no answer to a PUT" in output) == is_said
    assert acted.count("PUT") == 1


@pytest.mark.parametrize("fault", [always(200, STAR), always(200, ACAO)], ids=["*", "one origin"])
async def test_an_answer_that_is_always_the_same_needs_no_vary(fault: Fault) -> None:
    report, _ = await look(fault, {})
    assert Topic.MISSING_VARY not in {note.topic for note in report.notes}


def reflecting(*lines: tuple[str, str]) -> Fault:
    return lambda asked: Answered(200, ((ACAO[0], asked.get("origin") or PAGE), VARY, *lines))


async def test_an_echo_of_every_origin_is_a_warning_with_credentials() -> None:
    report, output = await look(reflecting(ACAC), INCLUDE)
    assert report.is_allowed
    assert "every site on the web can read what your users can" in output


async def test_a_preflight_before_every_call_is_noted_with_the_line_that_ends_it() -> None:
    report, output = await look(split(GOOD, GRANTED), PUT)
    assert report.is_allowed
    assert "Access-Control-Max-Age is absent" in output
    assert "\n      Access-Control-Max-Age: 7200\n" in output
    assert "5 s in Chromium, 5 s in Firefox, 5 s in Safari" in output


async def test_cookies_are_a_matter_of_their_own() -> None:
    _, output = await look(always(200, ACAO, ACAC, VARY, ("Set-Cookie", "sid=1; HttpOnly")), INCLUDE)
    assert "The cookie sid lacks `SameSite=None; Secure`" in output


@pytest.mark.parametrize("credentials", list(Credentials))
async def test_a_cookie_is_sent_where_a_browser_sends_it(credentials: Credentials) -> None:
    seen: list[tuple[str, str | None]] = []

    def fault(asked: Asked) -> Answered:
        seen.append((asked.method, asked.get("cookie")))
        lines = (ACAO, ACAC, methods("PUT"), VARY)
        return Answered(204, lines, b"")

    asked = {**PUT, "credentials": credentials, "cookie": b"sid=1"}
    report, output = await look(fault, asked)
    assert report.is_allowed
    expected = "sid=1" if credentials is Credentials.INCLUDE else None
    assert seen == [("OPTIONS", None), ("PUT", expected)]
    assert ("The cookie was not sent" in output) is (expected is None)


async def test_a_cookie_stays_with_its_host() -> None:
    seen: list[str | None] = []

    def target(asked: Asked) -> Answered:
        seen.append(asked.get("cookie"))
        return Answered(200, ((ACAO[0], asked.get("origin") or "null"), ACAC))

    async with serving(target) as url:
        elsewhere = url.replace("127.0.0.1", "localhost") + "/x"
        await look(always(302, ACAO, ACAC, ("Location", elsewhere)), {**INCLUDE, "cookie": b"sid=1"})
    assert seen
    assert set(seen) == {None}


async def test_nothing_that_changes_anything_is_sent_twice_or_unasked() -> None:
    seen: list[str] = []

    def counting(fault: Fault) -> Callable[[Asked], Answered]:
        def answer(asked: Asked) -> Answered:
            seen.append(asked.method)
            return fault(asked)

        return answer

    allowed = split(Answered(204, (STAR, methods("*"), headers("*")), b""), Answered(200, (STAR,)))
    await look(counting(allowed), {"method": b"DELETE", "security": True})
    assert seen.count("DELETE") == 1
    seen.clear()
    report, _ = await look(counting(allowed), {"method": b"DELETE", "headers": ((b"Authorization", b"x"),)})
    assert "DELETE" not in seen, "Chromium would, but the standard decides"
    assert report.others[0].sentence == "accepts the preflight and sends the DELETE"


SECURITY = [
    ("reflection", lambda origin: True),
    ("null", lambda origin: origin == "null"),
    ("prefix", lambda origin: origin.startswith(PAGE)),
    ("suffix", lambda origin: origin.endswith("app.example")),
    ("subdomain", lambda origin: origin.endswith(".app.example")),
    ("dot", lambda origin: origin == "https://appxexample"),
    ("scheme", lambda origin: origin == "http://app.example"),
]


@pytest.mark.parametrize(("name", "lets_in"), SECURITY)
async def test_origins_that_nobody_meant_are_found(name: str, lets_in: Callable[[str], bool]) -> None:
    def fault(asked: Asked) -> Answered:
        origin = asked.get("origin") or ""
        lines = ((ACAO[0], origin), ACAC) if origin == PAGE or lets_in(origin) else ()
        return Answered(200, (*lines, VARY))

    report, output = await look(fault, {"security": True, **INCLUDE})
    assert report.is_allowed, "what others may does not change the verdict"
    dangers = {probe.name for probe in report.probes if probe.is_danger}
    assert name in dangers
    assert "allowed with credentials" in output
    if name != "reflection":
        assert "reflection" not in dangers


async def test_a_good_server_lets_none_of_them_in() -> None:
    report, _ = await look(always(200, ACAO), {"security": True})
    assert len(report.probes) == 7
    assert not any(probe.is_danger for probe in report.probes)
