"""Configurations as they are written, and the floor as it is compiled."""

import contextlib
import shutil
import subprocess
from pathlib import Path

import pytest

from bench import exchanges
from bench.exchanges import Exchange, Kind
from bench.peers.contender import Place, free_port
from bench.peers.native import NATIVE

BY_NAME = {contender.name: contender for contender in NATIVE}
CONFIGURATIONS = {"nginx": "nginx.conf", "caddy": "Caddyfile", "lighttpd": "lighttpd.conf"}


@pytest.mark.parametrize("name", CONFIGURATIONS)
@pytest.mark.parametrize("kind", [Kind.PREFLIGHT, Kind.JSON, Kind.FILES])
def test_a_configuration_has_its_port_and_its_cors_lines(name: str, kind: Kind, tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    BY_NAME[name].command(Place(4321, tmp_path, kind, tmp_path / "files"))
    text = (tmp_path / CONFIGURATIONS[name]).read_text()
    assert "4321" in text
    assert "http://site-a.example" in text
    assert ("Access-Control-Max-Age" in text) == (kind is Kind.PREFLIGHT)
    assert (str(tmp_path / "files") in text) == (kind is Kind.FILES)


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler here: apt-get install gcc libc6-dev")
@pytest.mark.parametrize("exchange", [exchanges.PREFLIGHT, exchanges.GET, exchanges.POST, exchanges.CONNECT])
def test_the_floor_answers_as_it_should(exchange: Exchange, tmp_path: Path) -> None:
    place = Place(free_port(), tmp_path, exchange.kind, tmp_path, exchange is exchanges.CONNECT)
    with subprocess.Popen(BY_NAME["floor"].command(place)) as process:
        try:
            answer = None
            while answer is None and process.poll() is None:
                with contextlib.suppress(ConnectionError):
                    answer = exchange.ask(place.port)
            assert answer is not None
            assert exchange.faults(answer) == []
        finally:
            process.terminate()
