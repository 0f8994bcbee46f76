"""The fixtures, in test files as users write them."""

import subprocess
import sys
from importlib.metadata import entry_points

import pytest

pytest_plugins = ["pytester"]

_APP = """
import httpx, pytest
from corserver import Policy, Response

async def app(request):
    return Response("hello")
"""


def run(pytester: pytest.Pytester, test: str) -> pytest.RunResult:
    pytester.makepyfile(_APP + test)
    return pytester.runpytest_inprocess("-p", "no:cacheprovider", "--strict-markers")


def test_pytest_finds_the_plugin_and_it_imports_nothing_heavy() -> None:
    (entry,) = entry_points(group="pytest11", name="corserver")
    code = f"import pytest, sys; before = set(sys.modules); import {entry.value}; print(*set(sys.modules) - before)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {name for name in loaded if name not in sys.stdlib_module_names} == {
        "corserver",
        "corserver.testing",
        entry.value,
    }


def test_the_app_of_a_marker(pytester: pytest.Pytester) -> None:
    test = """
@pytest.mark.corserver(app=app, cors=Policy(origins=["https://site.example"]))
def test_it(corserver):
    answer = httpx.get(corserver.url, headers={"Origin": "https://site.example"})
    assert answer.text == "hello"
    assert answer.headers["access-control-allow-origin"] == "https://site.example"
"""
    run(pytester, test).assert_outcomes(passed=1)


def test_the_app_of_a_fixture(pytester: pytest.Pytester) -> None:
    test = """
@pytest.fixture
def corserver_app():
    return app

def test_it(corserver):
    assert httpx.get(corserver.url).text == "hello"
    assert corserver.wait_for(1)[0].status == 200
"""
    run(pytester, test).assert_outcomes(passed=1)


def test_an_asynchronous_test_uses_it_too(pytester: pytest.Pytester) -> None:
    test = """
@pytest.mark.trio
@pytest.mark.corserver(app=app)
async def test_it(corserver):
    async with httpx.AsyncClient() as client:
        assert (await client.get(corserver.url)).text == "hello"
"""
    run(pytester, test).assert_outcomes(passed=1)


def test_as_many_as_are_wanted_and_all_are_stopped(pytester: pytest.Pytester) -> None:
    test = """
servers = []

def test_it(corserver_factory):
    servers.extend(corserver_factory(app, server_header=name) for name in ("one", "two"))
    assert [httpx.get(server.url).headers["server"] for server in servers] == ["one", "two"]

def test_they_are_gone():
    for server in servers:
        with pytest.raises(httpx.ConnectError):
            httpx.get(server.url)
"""
    run(pytester, test).assert_outcomes(passed=2)


def test_no_app_is_an_error_that_says_what_to_write(pytester: pytest.Pytester) -> None:
    result = run(pytester, "def test_it(corserver): ...")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*has no app to serve*", "*@pytest.mark.corserver(app=app*", "*def corserver_app()*"])
    result.stdout.no_fnmatch_line("*plugin.py*")


@pytest.mark.parametrize("given", ["cors=None", "app, cors=None"])
def test_a_marker_without_names_is_an_error_that_says_what_to_write(pytester: pytest.Pytester, given: str) -> None:
    result = run(pytester, f"@pytest.mark.corserver({given})\ndef test_it(corserver): ...")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*write @pytest.mark.corserver(app=..., cors=...)*by name*"])


def test_the_marker_is_known(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess("--markers")
    result.stdout.fnmatch_lines(["@pytest.mark.corserver(app=APP, cors=None, ...): the app*"])
