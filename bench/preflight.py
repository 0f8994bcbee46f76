"""The request that is measured, a browser's preflight, and what a right answer to it is."""

import http.client
import json
from collections.abc import Mapping
from typing import Final

ORIGIN: Final = "http://site-a.example"
METHOD: Final = "PUT"
HEADER: Final = "content-type"
MAX_AGE: Final = 600
PATH: Final = "/items/7"

#: What Chromium sends, in names and size, but for Host and Connection, which the client adds.
REQUEST_HEADERS: Final = {
    "Accept": "*/*",
    "Access-Control-Request-Method": METHOD,
    "Access-Control-Request-Headers": HEADER,
    "Origin": ORIGIN,
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 "
    "Safari/537.36",
    "Sec-Fetch-Mode": "cors",
    "Sec-Fetch-Site": "cross-site",
    "Sec-Fetch-Dest": "empty",
    "Referer": f"{ORIGIN}/",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Accept-Language": "en-US,en;q=0.9",
}

#: The answer, where it is written down rather than decided.
ANSWER_HEADERS: Final = {
    "Access-Control-Allow-Origin": ORIGIN,
    "Access-Control-Allow-Methods": METHOD,
    "Access-Control-Allow-Headers": HEADER,
    "Access-Control-Max-Age": str(MAX_AGE),
    "Vary": "Origin",
}

# wrk's words end with figures for people; `done` gives them to a program. A string in Lua is one in JSON, in ASCII.
_LUA: Final = """wrk.method = "OPTIONS"
%s
function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\\n{"requests": %%d, "microseconds": %%d, "connect": %%d, "read": %%d, "write": %%d, ' ..
    '"timeout": %%d, "status": %%d}\\n',
    summary.requests, summary.duration,
    errors.connect, errors.read, errors.write, errors.timeout, errors.status))
end
"""


def lua_script() -> str:
    """The request as a script for wrk, which prints its result as a line of JSON."""
    lines = (f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}" for name, value in REQUEST_HEADERS.items())
    return _LUA % "\n".join(lines)


def ask(host: str, port: int) -> tuple[int, dict[str, str]]:
    """Send the preflight once. The answer's status, and its headers with lower-case names."""
    connection = http.client.HTTPConnection(host, port, timeout=10)
    try:
        connection.request("OPTIONS", PATH, headers=REQUEST_HEADERS)
        response = connection.getresponse()
        response.read()
        return response.status, {name.lower(): value for name, value in response.getheaders()}
    finally:
        connection.close()


def faults(status: int, headers: Mapping[str, str]) -> list[str]:
    """What is wrong with an answer; nothing, if a browser would send the request after it."""
    found = [] if 200 <= status <= 299 else [f"the status is {status}"]
    if headers.get("access-control-allow-origin") not in (ORIGIN, "*"):
        found.append(f"Access-Control-Allow-Origin is {headers.get('access-control-allow-origin')!r}")
    for name, wanted in (("Methods", METHOD), ("Headers", HEADER)):
        value = headers.get(f"access-control-allow-{name.lower()}", "")
        if wanted.lower() not in (entry.strip().lower() for entry in value.split(",")):
            found.append(f"Access-Control-Allow-{name} is {value!r}, without {wanted}")
    return found
