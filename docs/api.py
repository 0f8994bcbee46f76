"""`python -m docs.api` writes docs/api.md, the reference of the public API, from the docstrings."""

import importlib
import inspect
import itertools
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, Final

#: What these export is public.
MODULES: Final = ("corserver", "corserver.testing", "corserver.cors", "corserver.cors.browser")
REFERENCE: Final = Path(__file__).parent / "api.md"
_HEAD: Final = """\
# The public API

Public is what the modules below export, and nothing else: other modules may change in any release. Each example runs
in the tests. `python -m docs.api` makes this page from the docstrings.
"""


def reference() -> str:
    """The page."""
    return "\n".join([_HEAD, *(line for module in MODULES for line in _module(module))])


def _module(name: str) -> Iterator[str]:
    module = importlib.import_module(name)
    yield from (f"## {name}", "", *_sections(inspect.getdoc(module) or ""))
    for own in sorted(module.__all__, key=str.lower):
        thing = getattr(module, own)
        home = next(each for each in MODULES if own in importlib.import_module(each).__all__)
        if home != name and getattr(importlib.import_module(home), own) is thing:
            yield from (f"### {own}", "", f"As `{home}.{own}`.", "")
        elif inspect.isclass(thing) or inspect.isroutine(thing):
            yield from (f"### {own}{_parameters(thing)}", "", *_sections(inspect.getdoc(thing) or ""))
            yield from _members(thing)
        else:
            yield from (f"### {own}", "", _remark(module, own), "")


def _remark(module: ModuleType, own: str) -> str:
    """The comment of a constant, where it is defined."""
    for path in sorted(Path(str(module.__file__)).parent.rglob("*.py")):
        found = re.search(rf"((?:^#: .*\n)+)(?:# .*\n)?{own}\b", path.read_text(), re.MULTILINE)
        if found is not None:
            return found[1].replace("#: ", "").rstrip("\n")
    raise LookupError(f"{own} has no comment that begins with #:")


def _parameters(thing: Any) -> str:
    """The parameters as they are called, without their types."""
    if (inspect.isclass(thing) and issubclass(thing, BaseException | int)) or _is_enum(thing):
        return ""
    parameters = inspect.signature(thing).parameters.values()
    bare = [each.replace(annotation=inspect.Parameter.empty, default=inspect.Parameter.empty) for each in parameters]
    stars = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    shown = [str(each) for each in bare if each.kind not in stars and not each.name.startswith("_")]
    return f"({', '.join(shown)})" if len(", ".join(shown)) < 90 else "(…)"


def _is_enum(thing: Any) -> bool:
    return inspect.isclass(thing) and hasattr(thing, "__members__")


def _sections(text: str) -> Iterator[str]:
    """Prose as it is, examples and other indented or drawn things as code."""
    paragraphs = text.strip("\n").split("\n\n")
    for indented, group in itertools.groupby(paragraphs, lambda paragraph: paragraph.startswith("    ")):
        if indented:
            yield from ("```", textwrap.dedent("\n\n".join(group)), "```", "")
            continue
        for paragraph in group:
            yield from ("```python", paragraph, "```", "") if paragraph.startswith(">>> ") else (paragraph, "")


def _members(thing: Any) -> Iterator[str]:
    if not inspect.isclass(thing):
        return
    rows = []
    for name, value in vars(thing).items():
        member = value.__func__ if isinstance(value, classmethod | staticmethod) else value
        if not name.startswith("_") and (inspect.isfunction(member) or isinstance(member, property)):
            call = "" if isinstance(member, property) else "()"
            first = (inspect.getdoc(member) or "").partition("\n\n")[0].replace("\n", " ").replace("|", r"\|")
            rows.append(f"| `{name}{call}` | {first} |")
    if rows:
        yield from ("| | |", "|---|---|", *rows, "")


if __name__ == "__main__":
    REFERENCE.write_text(reference())
