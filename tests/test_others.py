"""What the README says of corserver beside others, asked of corserver; `docs/others.py` asks them all."""

from pathlib import Path

from corserver import StaticFiles
from corserver.config import cors_policy
from corserver.testing import running
from docs.others import IN_A_PAGE, ON_THE_WIRE, Server, make_directory, told


def test_the_table_has_the_rows_that_are_asked() -> None:
    assert list(told("corserver")) == [*IN_A_PAGE, *ON_THE_WIRE]


def test_corserver_is_as_the_table_says(tmp_path: Path) -> None:
    said = told("corserver")
    with running(StaticFiles(make_directory(tmp_path)), cors=cors_policy(["*"])) as server:
        own = Server(int(server.url.rpartition(":")[2]))
        assert {row: ask(own) for row, ask in ON_THE_WIRE.items()} == {row: said[row] for row in ON_THE_WIRE}
