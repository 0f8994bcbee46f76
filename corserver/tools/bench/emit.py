"""The same load for another generator: wrk, which is faster; oha, which speaks TLS; locust, on many machines."""

import json
import shlex
from collections.abc import Callable, Mapping
from typing import Final

from corserver.tools.bench.asking import Asked
from corserver.tools.bench.plan import Plan


def _text(value: bytes) -> str:
    return value.decode("latin-1")


def wrk(asked: Asked, plan: Plan) -> str:
    """Shell commands, with the script in a file: wrk reads it once for each thread."""
    lines = [f"wrk.method = {_lua(asked.method)}", *(f"wrk.headers[{_lua(n)}] = {_lua(v)}" for n, v in asked.lines)]
    if plan.reconnects:
        lines.append('wrk.headers["Connection"] = "close"')
    rate = "" if plan.rate is None else f"# wrk has no rate: wrk2 does, with -R{plan.rate:g}\n"
    options = f"-t1 -c{plan.connections} -d{max(round(plan.duration), 1)}s --latency"
    script = "\n".join(lines)
    return f"""script=$(mktemp) && cat > "$script" <<'LUA'
{script}
LUA
{rate}wrk {options} -s "$script" {shlex.quote(str(asked.url))}
rm -f "$script\""""


def oha(asked: Asked, plan: Plan) -> str:
    """A command."""
    parts = ["oha", "--no-tui", "-c", str(plan.connections), "-m", _text(asked.method)]
    parts += ["-z", f"{plan.duration:g}s"] if plan.requests is None else ["-n", str(plan.requests)]
    if plan.rate is not None:
        parts += ["-q", f"{plan.rate:g}", "--latency-correction"]
    if plan.reconnects:
        parts.append("--disable-keepalive")
    for name, value in asked.lines:
        parts += ["-H", f"{_text(name)}: {_text(value)}"]
    return shlex.join([*parts, str(asked.url)])


def locust(asked: Asked, plan: Plan) -> str:
    """A locustfile, with the command that runs it in its first line."""
    origin = _text(asked.url.origin)
    headers = {_text(name): _text(value) for name, value in asked.lines}
    if plan.reconnects:
        headers["Connection"] = "close"
    users = plan.connections
    return f"""# locust --headless -u {users} -r {users} -t {plan.duration:g}s -H {origin} -f THIS_FILE
from locust import FastHttpUser, task


class Browser(FastHttpUser):
    @task
    def ask(self):
        path, method = {json.dumps(asked.url.path)}, {json.dumps(_text(asked.method))}
        with self.client.request(method, path, headers={json.dumps(headers)}, catch_response=True) as answer:
            if answer.status_code == {plan.status}:
                answer.success()
            else:
                answer.failure(f"status {{answer.status_code}}")"""


def _lua(value: bytes) -> str:
    """A string of Lua's: every byte that is not plain is written as its number."""
    return '"' + "".join(chr(b) if 0x20 <= b < 0x7F and b not in b'"\\' else f"\\{b:03}" for b in value) + '"'


GENERATORS: Final[Mapping[str, Callable[[Asked, Plan], str]]] = {"wrk": wrk, "oha": oha, "locust": locust}
