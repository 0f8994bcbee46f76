"""`wsgi.errors`: what is written there is in the log, in pieces that belong together."""

import logging
import traceback
from collections.abc import Iterable
from wsgiref.types import WSGIEnvironment

import pytest

from corserver.apps.wsgi import wsgi
from corserver.apps.wsgi.errors import Errors
from corserver.http.exchange import Service
from corserver.http.repeated import Repeated

from ...http.peer import ask as ask_service
from ...http.peer import request
from ...http.transcript import recorded
from .asking import returning


def test_each_write_that_ends_a_line_is_a_record_with_what_was_before_it() -> None:
    errors = Errors()
    with recorded() as records:
        print("one", 1, file=errors)
        errors.write("several\nlines\n")
        errors.writelines(["three", "\n", "unfinished"])
        assert len(records.records) == 3
        errors.flush()
        errors.flush()
        errors.write("\n")
    assert [record.getMessage() for record in records.records] == ["one 1", "several\nlines", "three", "unfinished"]
    assert {record.levelno for record in records.records} == {logging.ERROR}


def test_a_line_without_end_is_not_kept_without_end() -> None:
    errors = Errors()
    with recorded() as records:
        for _ in range(10):
            errors.write("x" * 1000)
    assert len(records.records) == 1


def test_bytes_are_refused() -> None:
    with pytest.raises(TypeError, match="not bytes"):
        Errors().write(b"x")  # type: ignore[arg-type]


def test_what_stands_for_something_in_logging_is_text_here() -> None:
    with recorded() as records:
        Errors().write("100% %s of {it}\n")
    assert records.records[0].getMessage() == "100% %s of {it}"


def test_an_app_that_says_much_is_not_taken_for_one_that_repeats_itself() -> None:
    errors, filtering = Errors(), Repeated()
    with recorded() as records:
        records.addFilter(filtering)
        for number in range(100):
            errors.write(f"line {number}\n")
    assert len(records.records) == 100


def test_logging_that_leads_back_here_ends(capsys: pytest.CaptureFixture[str]) -> None:
    """As by Flask's documentation: a handler of the root logger that writes to `wsgi.errors`."""
    errors = Errors()
    handler = logging.StreamHandler(errors)
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        logging.getLogger("app").error("from the app")
    finally:
        root.removeHandler(handler)
    assert capsys.readouterr().err == "from the app\n"


async def test_what_an_app_leaves_unfinished_is_logged_at_its_end() -> None:
    def writes(environ: WSGIEnvironment) -> Iterable[bytes]:
        environ["wsgi.errors"].write("left")
        try:
            raise LookupError("caught")
        except LookupError:
            traceback.print_exc(file=environ["wsgi.errors"])
        environ["wsgi.errors"].write("unfinished")
        return [b"x"]

    app = wsgi(returning(writes))
    with recorded() as records:
        async with app:  # Which waits for the end of its calls.
            assert (await ask_service(Service(app=app), request("GET", "/"))).status == 200
    told = "\n".join(record.getMessage() for record in records.records)
    assert told.startswith("leftTraceback")
    assert told.endswith("LookupError: caught\nunfinished")
