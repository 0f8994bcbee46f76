"""The same load for another generator: wrk, which is faster; oha, which speaks TLS; locust, on many machines."""

import json
import math
import shlex
from collections.abc import Callable, Mapping
from typing import Final

from corserver.tools.bench.asking import Asked
from corserver.tools.bench.plan import Plan, Scenario


def _text(value: bytes) -> str:
    return value.decode("latin-1")


def wrk(asked: Asked, plan: Plan) -> str:
    """Shell commands, with the script in a file: wrk reads it once for each thread."""
    lines = [f"wrk.method = {_lua(asked.method)}", *(f"wrk.headers[{_lua(n)}] = {_lua(v)}" for n, v in asked.lines)]
    if plan.reconnects:
        lines.append('wrk.headers["Connection"] = "close"')
    rate = "" if plan.rate is None else f"# wrk has no rate: wrk2 does, with -R{plan.rate:g}\n"
    number = "" if plan.requests is None else _without_requests("wrk", plan) + "\n"
    options = f"-t1 -c{plan.connections} -d{max(round(plan.duration), 1)}s --latency"
    script = "\n".join(lines)
    return f"""script=$(mktemp) && cat > "$script" <<'LUA'
{script}
LUA
{rate}{number}wrk {options} -s "$script" {shlex.quote(str(asked.url))}
rm -f "$script\""""


def oha(asked: Asked, plan: Plan) -> str:
    """A command."""
    parts = ["oha", "--no-tui", "-c", str(plan.connections), "-m", _text(asked.method)]
    # its durations are whole numbers
    parts += ["-z", f"{math.ceil(plan.duration * 1000)}ms"] if plan.requests is None else ["-n", str(plan.requests)]
    if plan.rate is not None:
        parts += ["-q", f"{plan.rate:g}", "--latency-correction"]
    if plan.reconnects:
        parts.append("--disable-keepalive")
    for name, value in asked.lines:
        parts += ["-H", f"{_text(name)}: {_text(value)}"]
    return shlex.join([*parts, str(asked.url)])


def locust(asked: Asked, plan: Plan) -> str:
    """A locustfile, with the command that runs it in its first line."""
    origin = shlex.quote(_text(asked.url.origin))
    headers = {_text(name): _text(value) for name, value in asked.lines}
    if plan.reconnects:
        headers["Connection"] = "close"
    users, is_denied = plan.connections, asked.scenario is Scenario.PREFLIGHT_DENIED
    # the server was not asked yet: a refusal may have any status
    right = "answer.status_code > 0" if is_denied else "200 <= answer.status_code < 300"
    pace = [] if plan.rate is None else [f"    wait_time = constant_throughput({plan.rate / users:g})", ""]
    return "\n".join(
        [
            f"# locust --headless -u {users} -r {users} -t {math.ceil(plan.duration)}s -H {origin} -f THIS_FILE",
            *([] if plan.requests is None else [_without_requests("locust", plan)]),
            f"from locust import FastHttpUser, {'constant_throughput, ' if pace else ''}task",
            "",
            "",
            "class Browser(FastHttpUser):",
            *pace,
            "    @task",
            "    def ask(self):",
            f"        path, method = {json.dumps(asked.url.path)}, {json.dumps(_text(asked.method))}",
            f"        headers = {json.dumps(headers)}",
            "        with self.client.request(method, path, headers=headers, catch_response=True) as answer:",
            f"            if {right}:",
            "                answer.success()",
            "            else:",
            '                answer.failure(f"status {answer.status_code}")',
        ]
    )


def _without_requests(generator: str, plan: Plan) -> str:
    return f"# {generator} has no number of requests: it asks for {plan.duration:g} s"


def _lua(value: bytes) -> str:
    """A string of Lua's: every byte that is not plain is written as its number."""
    return '"' + "".join(chr(b) if 0x20 <= b < 0x7F and b not in b'"\\' else f"\\{b:03}" for b in value) + '"'


GENERATORS: Final[Mapping[str, Callable[[Asked, Plan], str]]] = {"wrk": wrk, "oha": oha, "locust": locust}
