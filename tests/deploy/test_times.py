"""The files of deploy/ and the Dockerfile agree with the server's own defaults."""

import re
from pathlib import Path

from corserver.cli.serve import serve_directory
from corserver.http.health import DRAIN_SECONDS
from corserver.http.limits import Limits

ROOT = Path(__file__).parent.parent.parent
KUBERNETES = (ROOT / "deploy" / "kubernetes.yaml").read_text()
GRACE = Limits().grace_seconds


def number(name: str, text: str = KUBERNETES) -> float:
    """The value of the only line of that name."""
    (value,) = re.findall(rf"(?m)^ *{name}(?:: |=)(\d+)s?$", text)
    return float(value)


def probe(kind: str) -> str:
    return re.split(r"(?m)^ {10}\S", KUBERNETES.partition(f"{kind}:\n")[2])[0]


def test_a_pod_is_out_of_the_service_before_it_closes_and_is_not_killed_before_it_has_finished() -> None:
    ready = probe("readinessProbe")
    noticed = number("periodSeconds", ready) * number("failureThreshold", ready) + number("timeoutSeconds", ready)
    assert noticed <= DRAIN_SECONDS
    assert number("terminationGracePeriodSeconds") > DRAIN_SECONDS + GRACE


def test_the_probe_asks_where_the_server_answers_and_what_ends_is_not_taken_for_dead() -> None:
    (arguments,) = re.findall(r"args: \[(.*)\]", KUBERNETES)
    words = re.findall(r'"([^"]*)"', arguments)
    path = words[words.index("--health") + 1]
    assert f"path: {path}\n" in probe("readinessProbe")
    assert "httpGet" not in probe("livenessProbe")
    assert int(words[words.index("--port") + 1]) == number("containerPort")
    with serve_directory.make_context("corserver", words[1:]) as context:  # Every flag is one.
        assert context.params["health"] == path


def test_the_load_balancers_notice_in_time() -> None:
    haproxy = (ROOT / "deploy" / "haproxy.cfg").read_text()
    (found,) = re.findall(r"inter (\d+)s fall (\d+)", haproxy)
    assert int(found[0]) * (int(found[1]) + 1) <= DRAIN_SECONDS
    assert "uri /healthz" in haproxy
    nginx = (ROOT / "deploy" / "nginx.conf").read_text()
    (kept,) = re.findall(r"keepalive_timeout (\d+)s", nginx)
    assert int(kept) < Limits().idle_seconds


def test_systemd_waits_for_the_answers_under_way() -> None:
    unit = (ROOT / "deploy" / "corserver.service").read_text()
    assert number("TimeoutStopSec", unit) > GRACE
    assert "Requires=corserver.socket" in unit


def test_the_image_runs_as_nobody_and_its_command_is_one() -> None:
    image = (ROOT / "Dockerfile").read_text()
    (user,) = re.findall(r"(?m)^USER (\d+):\d+$", image)
    assert f"runAsUser: {user}\n" in KUBERNETES
    (command,) = re.findall(r"(?m)^CMD \[(.*)\]$", image)
    words = re.findall(r'"([^"]*)"', command)
    with serve_directory.make_context("corserver", words[1:]) as context:
        assert (context.params["health"], context.params["host"]) == ("/healthz", "0.0.0.0")
