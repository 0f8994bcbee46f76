"""The `[[cors]]` tables of a configuration file become scopes: a policy for each path that has one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

from corserver.config.file import ConfigFile, Mistake, in_toml
from corserver.config.lines import Where
from corserver.config.policy import EXPOSED, HEADERS, MAX_AGE, METHODS, cors_policy, policy_sentence
from corserver.cors.policy import Policy, PolicyError, Refusal
from corserver.cors.scopes import INHERIT, Inherit, PathPattern, PathTable, PolicyChoice, Scope, Scopes

#: What a table may say, each with what it is when it is not said; the origins must be.
CORS_KEYS: Final[dict[str, Any]] = {
    "path": "/*",
    "origins": None,
    "methods": METHODS,
    "headers": HEADERS,
    "expose": EXPOSED,
    "credentials": False,
    "max-age": MAX_AGE,
    "dangerously-allow-insecure-origins": False,
    "dangerously-allow-public-suffixes": False,
}
_LISTS: Final = ("origins", "methods", "headers", "expose")
_SWITCHES: Final = ("credentials", "dangerously-allow-insecure-origins", "dangerously-allow-public-suffixes")


@dataclass(frozen=True, slots=True)
class CORSTable:
    """A table as it was written: *where* it stands, its *keys* in the one spelling that they have here, their values,
    and the *policy* that they make, None for none."""

    where: Where
    keys: Mapping[str, str]
    values: Mapping[str, Any]
    pattern: PathPattern
    policy: Policy | None


def is_tables(value: object) -> bool:
    """Whether a value of `cors` is tables, rather than the origins of the flag."""
    return isinstance(value, dict) or (isinstance(value, list) and any(isinstance(each, dict) for each in value))


def read_tables(file: ConfigFile) -> tuple[tuple[CORSTable, ...], tuple[Mistake, ...]]:
    """The tables of `cors` in *file*, and every mistake in them; one that has a mistake is left out."""
    value = file.values["cors"]
    places: list[Where] = [("cors",)] if isinstance(value, dict) else [("cors", n) for n in range(len(value))]
    tables: list[CORSTable] = []
    mistakes: list[Mistake] = []
    taken: PathTable[int] = PathTable()
    for where in places:
        table = _Table(file, where)
        mistakes += table.mistakes
        if table.pattern is not None:
            try:
                taken.add(table.pattern, None, file.line(*where))
            except ValueError as error:
                mistakes.append(table.mistake("path", f"two tables are for one path: {error}"))
        if not table.mistakes and table.pattern is not None:
            tables.append(CORSTable(where, table.keys, table.values, table.pattern, table.policy))
    return tuple(tables), tuple(mistakes)


def scopes_of(tables: tuple[CORSTable, ...]) -> Scopes:
    """The scopes of *tables*. Raises ValueError if two are for one path, which `read_tables` has as a mistake."""
    default: PolicyChoice = INHERIT
    scopes = []
    for table in tables:
        if table.pattern.prefix and not table.pattern.parts:
            default = table.policy
        else:
            scopes.append(Scope(table.pattern, table.policy))
    return Scopes(scopes, default)


def scope_sentences(policies: Policy | Scopes | None) -> Iterator[tuple[str, str]]:
    """A path and its policy's sentence for each scope, in which a table in a table is left out; no path where one
    policy is for all."""
    if not isinstance(policies, Scopes):
        yield "", _sentence(policies)
        return
    for scope in policies.scopes:
        if not isinstance(scope.policy, Scopes | Inherit):
            yield str(scope.pattern), _sentence(scope.policy)
    yield "elsewhere" if policies.scopes else "", _sentence(policies.default_policy)


def _sentence(policy: Policy | None) -> str:
    return "off" if policy is None else policy_sentence(policy)


class _Table:
    """One table, read."""

    def __init__(self, file: ConfigFile, where: Where) -> None:
        self._file = file
        self._where = where
        self.mistakes: list[Mistake] = []
        self.keys: dict[str, str] = {}
        self.values: dict[str, Any] = {}
        self.pattern: PathPattern | None = None
        self.policy: Policy | None = None
        given: Any = file.values
        for step in where:
            given = given[step]
        if isinstance(given, dict):
            self._read(given)
        else:
            self.mistakes.append(file.mistake(where, "beside tables, this must be a table", "[[cors]]"))

    def mistake(self, key: str, why: str, write: str = "", *places: int) -> Mistake:
        """A mistake in the value of *key*, or in the table if there is no such key in it."""
        if key in self.keys:
            return self._file.mistake((*self._where, self.keys[key], *places), why, write)
        return Mistake(self._file.line(*self._where), "[[cors]]", why, write)

    def _read(self, given: Mapping[str, Any]) -> None:
        for key in given:
            name = key.lower().replace("_", "-")
            if name not in CORS_KEYS:
                meant = get_close_matches(name.removeprefix("cors-"), CORS_KEYS, 1)
                hint = f"; did you mean {meant[0]}?" if meant else f"; there are {', '.join(CORS_KEYS)}"
                self._refuse((key,), f"a [[cors]] table has no such key{hint}")
            elif name in self.keys:
                self._refuse((key,), f"{self.keys[name]} has said it already")
            else:
                self.keys[name] = key
                self.values[name] = given[key]
        self._read_path()
        self._read_policy({name: value for name, value in self.values.items() if self._has_its_type(name)})

    def _refuse(self, where: Where, why: str, write: str = "") -> None:
        self.mistakes.append(self._file.mistake((*self._where, *where), why, write))

    def _read_path(self) -> None:
        path = self.values.get("path", CORS_KEYS["path"])
        try:
            self.pattern = PathPattern.parse(path) if isinstance(path, str) else None
        except ValueError as error:
            self.mistakes.append(self.mistake("path", str(error)))

    def _has_its_type(self, name: str) -> bool:
        value = self.values[name]
        why = ""
        if name in _SWITCHES:
            why = "" if isinstance(value, bool) else "this must be true or false"
        elif name == "max-age":
            why = "" if type(value) is int else "this must be a whole number of seconds"
        elif name == "path":
            why = "" if isinstance(value, str) else "this must be a path pattern, such as '/api/*'"
        elif not (name == "origins" and value is False):
            entries = value if isinstance(value, list) else [value]
            why = "" if all(isinstance(entry, str) for entry in entries) else "this must be a list of strings"
        if why:
            self.mistakes.append(self.mistake(name, why))
        return not why

    def _read_policy(self, values: dict[str, Any]) -> None:
        values.pop("path", None)
        origins = values.pop("origins", None)
        if origins is False:
            for name in values:
                self.mistakes.append(self.mistake(name, "where no origin is allowed, this says nothing"))
            return
        options: dict[str, Any] = {
            name.replace("-", "_"): _as_list(value) if name in _LISTS else value for name, value in values.items()
        }
        try:
            self.policy = cors_policy(_as_list(origins or ()), **options)
        except PolicyError as error:
            self.mistakes += [self._refused(refusal) for refusal in error.refusals]
            return
        if self.policy is None and not self.mistakes:
            why = "it says no origin that is allowed"
            self.mistakes.append(self.mistake("origins", why, "origins = ['https://app.example'], or false for none"))

    def _refused(self, refusal: Refusal) -> Mistake:
        name = refusal.option.replace("_", "-")
        place = entry_of(self.values.get(name), refusal)
        return self.mistake(name, refusal.why, in_toml(refusal.write), *place)


def entry_of(value: object, refusal: Refusal) -> tuple[int, ...]:
    """The place in the list *value* of the entry that was refused; nothing where it is not one entry's fault."""
    for number, entry in enumerate(value if isinstance(value, list) else ()):
        if refusal.given in [repr(part.strip()) for part in entry.split(",")]:
            return (number,)
    return ()


def _as_list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
