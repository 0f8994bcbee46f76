"""Results as aligned Markdown."""

from bench.figures import Failed, Result, Round, Table, Unit
from bench.report import table_text, versions
from bench.scenarios import SCENARIOS

BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}
ROUND = Round(requests=1000, seconds=0.5, user=0.01, system=0.005, p50=10, p90=20, p99=30)
OURS = Result("corserver", "1", (15.0,), (ROUND,))
NGINX = Result("nginx", "2", (10.0,), (ROUND,))


def test_the_table_has_ratios_and_targets() -> None:
    table = Table("preflight", Unit.CPU, (OURS, NGINX), (Failed("caddy", "it did not start"),))
    title, _, heading, rule, ours, nginx, failed = table_text(table, BY_NAME["preflight"]).splitlines()
    assert title == "### preflight: the same preflight again and again"
    assert len({len(line) for line in (heading, rule, ours, nginx)}) == 1
    cells = [cell.strip() for cell in nginx.split("|")[1:-1]]
    assert cells[:6] == ["nginx", "10.0", "10.0-10.0", "1.5 x", "<= 1.15 x", "not met"]
    assert cells[6:] == ["10.0", "5.0", "2000", "3%", "10", "20", "30"]
    assert [cell.strip() for cell in ours.split("|")][4:7] == ["", "", ""]
    assert failed == "caddy failed: it did not start"


def test_a_limit_without_a_peer_stands_beside_corserver() -> None:
    table = Table("idle", Unit.MEMORY, (Result("corserver", "1", (4000.0,)), Result("floor", "1", (0.0,))))
    _, _, _, _, ours, floor = table_text(table, BY_NAME["idle"]).splitlines()
    assert [cell.strip() for cell in ours.split("|")][4:7] == ["", "<= 4096", "met"]
    assert "| floor" in floor


def test_a_table_in_which_all_failed_still_says_why() -> None:
    table = Table("idle", Unit.MEMORY, (), (Failed("corserver", "out of files"),))
    assert table_text(table, BY_NAME["idle"]).endswith("corserver failed: out of files")


def test_each_version_is_said_once() -> None:
    tables = [Table("preflight", Unit.CPU, (OURS, NGINX)), Table("idle", Unit.MEMORY, (OURS,))]
    assert versions(tables) == ["corserver: 1", "nginx: 2"]
