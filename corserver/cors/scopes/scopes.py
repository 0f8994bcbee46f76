"""Which policy governs a path and a method."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal

from ..policy import Policy
from .path import BadPath, Path
from .pattern import PathPattern, PathTable


class Inherit(Enum):
    """The choice of what has no policy of its own: it takes that of what is around it."""

    #: That of the scope around it: of the next pattern, less specific, that ends in `/*`.
    INHERIT = "inherit"
    #: That of the table that it stands in, whatever other patterns have its path.
    DEFAULT = "default"


#: In the place of a policy: what has none of its own takes that of what is around it.
INHERIT: Final = Inherit.INHERIT
#: A policy, None for none, or INHERIT for the enclosing scope's.
PolicyChoice = Policy | None | Literal[Inherit.INHERIT]
#: What a scope or a table leaves the choice to, too.
_Choice = Policy | Inherit | None


@dataclass(frozen=True, slots=True)
class Scope:
    """A *policy* for a path pattern, for some methods or (None) for those without a scope of their own.

    At a prefix it may be a whole table, of the paths below the prefix: that is how a mounted app brings its own.

    >>> from corserver.cors import Path, PathPattern, Policy, Scope, Scopes
    >>> public = Scope(PathPattern.parse("/public/*"), Policy("*"))
    >>> Scopes([public]).policy_for(Path.parse(b"/public/a.json"), "GET").origins
    ('*',)
    """

    pattern: PathPattern
    policy: "_Choice | Scopes"
    methods: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if isinstance(self.methods, str):
            raise ValueError(f"the methods of a scope are a tuple: write methods=({self.methods!r},)")


class Scopes:
    """Which policy governs a path and a method. Immutable; a new table replaces an old one whole.

    >>> from corserver import Policy, Scopes
    >>> from corserver.cors import Path
    >>> scopes = Scopes.of({"/*": Policy("*"), "/private/*": None})
    >>> scopes.policy_for(Path.parse(b"/private/key"), "GET") is None
    True
    """

    __slots__ = ("_of_routes", "_table", "default", "only_policy", "scopes")

    def __init__(self, scopes: Iterable[Scope] = (), default: _Choice = INHERIT, *, of_routes: bool = False) -> None:
        """*default* governs what no scope does, and requests whose path cannot be read.

        *of_routes* says that a method without a scope is refused, where the path has scopes for others. That is theirs
        to govern where there is no default, if they share a policy.

        Raises ValueError if two scopes are for the same pattern and method, or a table is not at a prefix.
        """
        self.scopes: Final = tuple(scopes)
        self.default: Final = default
        self._of_routes: Final = of_routes
        self._table: PathTable[Scope] = PathTable()
        for choice in (default, *(scope.policy for scope in self.scopes)):
            if not issubclass(type(choice), Policy | Inherit | Scopes | None):
                raise ValueError(f"a path has a Policy, None or INHERIT, not {choice!r}")
        for scope in self.scopes:
            if isinstance(scope.policy, Scopes) and not scope.pattern.prefix:
                raise ValueError("a table of scopes stands at a prefix: a pattern that ends in /*")
            self._table.add(scope.pattern, scope.methods, scope)
        choices = {id(choice): choice for choice in (self.default_policy, *self._own_choices())}
        #: The policy of every path and method, None for none; INHERIT where it depends on them.
        self.only_policy: Final[PolicyChoice] = INHERIT if len(choices) > 1 else self.default_policy

    def _own_choices(self) -> Iterator[Policy | None]:
        for choice in (self.default, *(scope.policy for scope in self.scopes)):
            if isinstance(choice, Scopes):
                yield from choice._own_choices()
            elif not isinstance(choice, Inherit):
                yield choice

    @classmethod
    def of(cls, policies: "Policy | Mapping[str, PolicyChoice] | Scopes | None") -> "Scopes":
        """Scopes from one policy for every path, from path patterns with their policies, or as they are."""
        if isinstance(policies, Scopes):
            return policies
        if isinstance(policies, Policy):
            return cls(default=policies)
        if not isinstance(policies, Mapping | None):
            raise ValueError(f"{policies!r} is no policy: write Policy({policies!r}), or policies by path pattern")
        by_pattern = dict(policies or {})
        default = by_pattern.pop("/*", INHERIT)
        return cls((Scope(PathPattern.parse(text), policy) for text, policy in by_pattern.items()), default)

    def with_default(self, default: _Choice) -> "Scopes":
        """These scopes with another default."""
        return Scopes(self.scopes, default, of_routes=self._of_routes)

    def without(self, *patterns: str) -> "Scopes":
        """These scopes, but no policy at the prefixes *patterns*, whatever they say of what is there."""
        prefixes = [PathPattern.parse(text) for text in patterns]
        others = [scope for scope in self.scopes if not any(each.holds(scope.pattern) for each in prefixes)]
        scopes = (*others, *(Scope(prefix, None) for prefix in prefixes))
        return Scopes(scopes, self.default, of_routes=self._of_routes)

    @property
    def default_policy(self) -> Policy | None:
        """The default, None where there is none."""
        return None if isinstance(self.default, Inherit) else self.default

    def policy_for(self, path: Path, method: str) -> Policy | None:
        """The most specific policy; where the most specific pattern has none of its own, its enclosing scope's."""
        choice = self.choice_for(path, method)
        return None if isinstance(choice, Inherit) else choice

    def certain_policy_for(self, path: Path, method: str, raw: bytes) -> Policy | None:
        """As `policy_for`, where the app may read *raw*, which is *path*, in another way. Raises `BadPath` if another
        policy governs it then: of the two, none can be chosen."""
        policy = self.policy_for(path, method)
        if any(self.policy_for(other, method) != policy for other in path.other_readings(raw)):
            raise BadPath(
                "a path is not to be read as another one, by its encoded slash, its `;` or its `//`, of another policy"
            )
        return policy

    def choice_for(self, path: Path, method: str, *, inherited: bool = False) -> _Choice:
        """As `policy_for`, but INHERIT where this table leaves the choice to the one around it.

        *inherited* says that a route outside has the path and takes its scope from what is around it: then the routes
        in here do not count, only prefixes do.
        """
        others: list[_Choice | Scopes] = []
        for leaf, _ in self._table.candidates(path):
            scope = leaf.get(method)
            if scope is None:
                others += [other.policy for other in leaf.methods.values()]
            if scope is None or (inherited and not leaf.pattern.prefix):
                continue
            choice = scope.policy
            if isinstance(choice, Scopes):
                choice = choice.choice_for(path.below(len(leaf.pattern.parts)), method, inherited=inherited)
            if choice is not INHERIT:
                return self.default if choice is Inherit.DEFAULT else choice
            inherited = True
        return self.default if inherited else self._choice_for_refusal(others)

    def _choice_for_refusal(self, others: "list[_Choice | Scopes]") -> _Choice:
        # Of a method that nobody answers; *others* are the choices for those of the path that somebody does.
        if not (self._of_routes and others and isinstance(self.default, Inherit)):
            return self.default
        shared = others[0] if all(other == others[0] for other in others) else INHERIT
        return self.default if isinstance(shared, Inherit | Scopes) else shared
