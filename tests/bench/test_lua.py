"""The scripts that wrk gets."""

import json

import pytest

from bench import exchanges
from bench.answers import NEW_ITEM_BODY, ORIGIN
from bench.exchanges import Exchange
from bench.lua import AGENTS, PATHS, Heads, script


def test_a_script_sends_every_header() -> None:
    text = script(exchanges.PREFLIGHT)
    assert text.startswith('wrk.method = "OPTIONS"\n')
    assert f'wrk.headers["Origin"] = "{ORIGIN}"' in text
    assert text.count("wrk.headers[") == len(exchanges.PREFLIGHT.headers)


def test_more_header_lines_can_be_given() -> None:
    text = script(exchanges.GET, extra={"If-None-Match": '"1-2"'})
    assert r'wrk.headers["If-None-Match"] = "\"1-2\""' in text


def test_a_body_is_sent() -> None:
    assert len(NEW_ITEM_BODY) == 200
    assert f"wrk.body = {json.dumps(NEW_ITEM_BODY.decode())}" in script(exchanges.POST)
    assert "wrk.body" not in script(exchanges.GET)


def test_the_same_head_is_left_to_wrk() -> None:
    assert "function request()" not in script(exchanges.PREFLIGHT)


def test_many_heads_have_their_path_and_agent_drawn() -> None:
    text = script(exchanges.PREFLIGHT, Heads.MANY)
    assert f'return "OPTIONS /items/" .. math.random({PATHS}) .. tails[math.random(#tails)]' in text
    assert f"for number = 1, {AGENTS} do" in text
    assert r'"^%u+ /( .*)$"' in text


def test_new_heads_are_counted() -> None:
    text = script(exchanges.PREFLIGHT, Heads.NEW)
    assert "count = count + 1" in text
    assert "return before .. count .. after" in text


def test_fresh_heads_share_what_cors_reads_alone() -> None:
    text = script(exchanges.PREFLIGHT, Heads.FRESH)
    assert 'string.gmatch(wrk.format(nil, "/items/@"), "[^@]+")' in text
    assert 'if lower ~= "host" and lower ~= "origin" and not string.find(lower, "^access%-control%-") then' in text
    assert "return table.concat(parts, run .. count)" in text


@pytest.mark.parametrize("exchange", [exchanges.PREFLIGHT, exchanges.DENIED, exchanges.GET, exchanges.POST])
@pytest.mark.parametrize("heads", Heads)
def test_every_script_reports_and_is_plain_ascii(exchange: Exchange, heads: Heads) -> None:
    text = script(exchange, heads)
    assert text.isascii()
    assert "%%" not in text
    assert text.count("function done(") == 1
    assert r"""'\n{"requests": %d, "microseconds": %d, "p50": %d""" in text
