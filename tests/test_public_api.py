"""The public API: what these modules export. Each has an example that runs as it stands, and is in the reference."""

import doctest
import importlib
import inspect
import re
from collections.abc import Iterator
from typing import Any

import pytest

from docs.api import MODULES, REFERENCE, reference
from tests.trio_asyncio_here import needing

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def public_names() -> Iterator[tuple[str, Any]]:
    """Each object once, by the first module that exports it."""
    seen: dict[int, str] = {}
    for module in MODULES:
        found = importlib.import_module(module)
        for name in found.__all__:
            thing = getattr(found, name)
            if seen.setdefault(id(thing), module) == module:
                yield f"{module}.{name}", thing


NAMES = dict(public_names())


def is_documented_itself(thing: object) -> bool:
    """A class or a function; what else is exported, a value, has no docstring of its own."""
    return inspect.isclass(thing) or inspect.isroutine(thing)


def examples_of(name: str, thing: object) -> doctest.DocTest:
    parser = doctest.DocTestParser()
    text = inspect.getdoc(thing) or ""
    return parser.get_doctest(text, {"__name__": "__main__"}, name, inspect.getsourcefile(inspect.unwrap(thing)), 0)  # type: ignore[arg-type]


DOCUMENTED = {name: thing for name, thing in NAMES.items() if is_documented_itself(thing)}
DOCUMENTED |= {module: importlib.import_module(module) for module in MODULES}


@pytest.mark.parametrize("name", [needing(name, "corserver.asgi") for name in DOCUMENTED])
def test_it_has_an_example_that_runs(name: str) -> None:
    test = examples_of(name, DOCUMENTED[name])
    assert test.examples, f"{name} has no example"
    failures: list[str] = []
    doctest.DocTestRunner(optionflags=FLAGS).run(test, out=failures.append)
    assert not failures, "".join(failures)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in DOCUMENTED])
def test_a_value_stands_in_an_example_of_its_module(name: str) -> None:
    module, _, own = name.rpartition(".")
    modules = (importlib.import_module(each) for each in MODULES if own in importlib.import_module(each).__all__)
    sources = [example.source for each in modules for example in examples_of(module, each).examples]
    assert any(own in source for source in sources), f"{name} is in no example"


@pytest.mark.parametrize("name", [name for name, thing in NAMES.items() if inspect.isclass(thing)])
def test_what_a_class_offers_is_documented(name: str) -> None:
    for member, value in vars(NAMES[name]).items():
        function = value.__func__ if isinstance(value, classmethod | staticmethod) else value
        if not member.startswith("_") and (inspect.isfunction(function) or isinstance(function, property)):
            assert inspect.getdoc(function), f"{name}.{member} has no docstring"


def test_the_reference_has_every_name_with_its_parameters_and_no_other() -> None:
    made, now = (set(re.findall("^##+ .+", text, re.MULTILINE)) for text in (REFERENCE.read_text(), reference()))
    assert made == now, "make it anew: python -m docs.api"
