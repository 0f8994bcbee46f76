"""pytest's fixtures `corserver` and `corserver_factory`. Nothing is imported before one of them is used."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from corserver.testing import Running

_MARKER = (
    "corserver(app=APP, cors=None, ...): the app that the fixture `corserver` serves, with the options of "
    "corserver.testing.running"
)
_NO_APP = """The fixture `corserver` has no app to serve. Say which, by a marker on the test, its class or its module:

    @pytest.mark.corserver(app=app, cors=Policy(origins=["https://site.example"]))
    def test_it(corserver): ...

or for every test of a module or a directory (conftest.py), by a fixture of your own:

    @pytest.fixture
    def corserver_app():
        return app
"""
#: Without names, pytest takes a function for the test that is to be marked.
_BAD_MARKER = "write @pytest.mark.corserver(app=..., cors=...): the app and the options by name"


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", _MARKER)


@pytest.fixture
def corserver_app() -> Any:
    """The app of `corserver`: yours to override."""
    pytest.fail(_NO_APP, pytrace=False)


@pytest.fixture
def corserver_factory() -> Iterator[Callable[..., Running]]:
    """`corserver_factory(app, cors=…)` starts a server, as many as are wanted, and returns it. All are stopped."""
    from corserver.testing import running

    with contextlib.ExitStack() as stack:
        yield lambda app, **options: stack.enter_context(running(app, **options))


@pytest.fixture
def corserver(request: pytest.FixtureRequest, corserver_factory: Callable[..., Running]) -> Running:
    """A running server, for the app of the marker `corserver`, or else of the fixture `corserver_app`."""
    marker = request.node.get_closest_marker("corserver")
    if marker is None:
        return corserver_factory(request.getfixturevalue("corserver_app"))
    if marker.args or "app" not in marker.kwargs:
        pytest.fail(_BAD_MARKER, pytrace=False)
    return corserver_factory(**marker.kwargs)
