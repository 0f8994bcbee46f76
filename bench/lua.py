"""The load as scripts for wrk: the same head again and again, of many users, or new in one line or in all.

wrk's words end with figures for people; `done` gives them to a program. Strings are made once, in `init`, and joined
when a request is sent, so that the load generator stays faster than the servers.
"""

import json
from collections.abc import Mapping
from enum import Enum, unique
from typing import Final

from bench.exchanges import Exchange


@unique
class Heads(Enum):
    """How the heads of a load differ."""

    #: Not at all.
    SAME = "same"
    #: 100 000 paths and 200 user agents, at random.
    MANY = "many"
    #: No two have the same User-Agent.
    NEW = "new"
    #: No two have the same path, nor the same line but the Host and what CORS reads.
    FRESH = "fresh"


PATHS: Final = 100_000
AGENTS: Final = 200

_DONE: Final = """
function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\\n{"requests": %d, "microseconds": %d, "p50": %d, "p90": %d, "p99": %d, ' ..
    '"connect": %d, "read": %d, "write": %d, "timeout": %d, "status": %d}\\n',
    summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(90), latency:percentile(99),
    errors.connect, errors.read, errors.write, errors.timeout, errors.status))
end
"""

# `init` gets what follows `--` on wrk's command line: a number that no other run has.
_MANY: Final = """
local tails = {}
function init(args)
  math.randomseed(tonumber(args[1]) or 0)
  local agent = wrk.headers["User-Agent"]
  for number = 1, %d do
    wrk.headers["User-Agent"] = agent .. " Build/" .. number
    tails[number] = string.match(wrk.format(nil, "/"), "^%%u+ /( .*)$")
  end
end
function request()
  return %s .. math.random(%d) .. tails[math.random(#tails)]
end
"""
_NEW: Final = """
local before, after, count = "", "", 0
function init(args)
  local run = args[1] or "0"
  wrk.headers["User-Agent"] = wrk.headers["User-Agent"] .. " Build/" .. run .. ".@"
  before, after = string.match(wrk.format(), "^(.-)@(.*)$")
end
function request()
  count = count + 1
  return before .. count .. after
end
"""

_FRESH: Final = """
local run, count, parts = "0", 0, {}
function init(args)
  run = (args[1] or run) .. "."
  for name, value in pairs(wrk.headers) do
    local lower = string.lower(name)
    if lower ~= "host" and lower ~= "origin" and not string.find(lower, "^access%%-control%%-") then
      wrk.headers[name] = value .. " @"
    end
  end
  for part in string.gmatch(wrk.format(nil, %s), "[^@]+") do parts[#parts + 1] = part end
end
function request()
  count = count + 1
  return table.concat(parts, run .. count)
end
"""


def script(exchange: Exchange, heads: Heads = Heads.SAME, extra: Mapping[str, str] | None = None) -> str:
    """The script for wrk, which prints its result as a line of JSON. *extra* are more header lines."""
    # A string in JSON is one in Lua, as long as it is ASCII and has no \\u.
    lines = [f"wrk.method = {json.dumps(exchange.method)}"]
    for name, value in {**exchange.headers, **(extra or {})}.items():
        lines.append(f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}")
    if exchange.body:
        lines.append(f"wrk.body = {json.dumps(exchange.body.decode('ascii'))}")
    return "\n".join(lines) + _requests(exchange, heads) + _DONE


def _requests(exchange: Exchange, heads: Heads) -> str:
    folder = exchange.path.rpartition("/")[0]
    if heads is Heads.FRESH:
        return _FRESH % json.dumps(f"{folder}/@")
    if heads is Heads.MANY:
        return _MANY % (AGENTS, json.dumps(f"{exchange.method} {folder}/"), PATHS)
    return _NEW if heads is Heads.NEW else ""
