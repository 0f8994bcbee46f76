"""What can be wrong with a wished-for policy, and the one error that carries all of it."""

from dataclasses import dataclass
from enum import Enum


class Fault(Enum):
    """Why a policy is refused; the value is the sentence.

    >>> from corserver.cors import Fault
    >>> Fault.METHOD_FORBIDDEN.value
    'no script can send it: fetch() throws'
    """

    ORIGINS_MISSING = "a policy must say which origins it allows: there is no default"
    NOT_A_LIST = "this takes a list of strings"
    NOT_A_STRING = "every entry must be a string"
    NOT_A_BOOL = "this is True or False"
    ORIGIN_MALFORMED = "an origin"  # completed by the malformations
    ORIGIN_NULL_PROHIBITED = "any page can get the origin `null` (a sandboxed frame is enough), so it means everybody"
    ORIGIN_FILE_PROHIBITED = "pages from file: have the origin `null`, never this one"
    ORIGIN_WILDCARD_MISPLACED = "`*` stands for leading labels (`https://*.example.com`) or for the port (`:*`) only"
    ORIGIN_ANY_WITH_OTHERS = "`*` allows every origin, so the others say nothing"
    WILDCARD_WITH_CREDENTIALS = "with `*` and credentials every site on the web could read your users' data"
    INSECURE_WITH_CREDENTIALS = "anybody on the network path can speak for a plain-http origin, with cookies"
    PUBLIC_SUFFIX_WITH_CREDENTIALS = "anybody can register a name under this public suffix, and would get credentials"
    PUBLIC_SUFFIX_UNKNOWN = "`*.` with credentials is checked against the public suffix list, which is not installed"
    PREDICATE_INVALID = "a predicate is a plain function from an origin (str) to a bool"
    PREDICATE_WITH_ANY = "`*` allows every origin, so the predicate is never asked"
    PREDICATE_WITH_CREDENTIALS = "a predicate that says yes too often hands your users' data to that site"
    METHOD_INVALID = "a method is a token: letters, digits and !#$%&'*+-.^_`|~"
    METHOD_CASE = "methods are compared with their case, and browsers send the standard ones in upper case"
    METHOD_FORBIDDEN = "no script can send it: fetch() throws"
    HEADER_INVALID = "a header name is a token: letters, digits and !#$%&'*+-.^_`|~"
    HEADER_FORBIDDEN = "the browser sets it itself, no script can"
    HEADER_IS_RESPONSE_ONLY = "it is a response header: a request does not carry it"
    EXPOSE_FORBIDDEN = "no script may read it, exposed or not"
    EXPOSE_IS_NOT_EXPOSABLE = "it is for the browser, in another message than this: exposing it says nothing"
    MAX_AGE_INVALID = "this is a whole number of seconds from 0 to 86400 (no browser keeps it longer), or None"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One thing wrong: in which *option*, the value *given*, *why* it is refused, and what to *write* instead.

    >>> from corserver import Policy, PolicyError
    >>> try:
    ...     Policy(["null"])
    ... except PolicyError as error:
    ...     (refusal,) = error.refusals
    >>> refusal.option, refusal.given, refusal.write
    ('origins', "'null'", "the page's real origin, or, for public data, '*'")
    """

    fault: Fault
    option: str
    given: str
    why: str
    write: str

    def __str__(self) -> str:
        return f"{self.option}: {self.given}\n    {self.why}\n    write: {self.write}"


class PolicyError(ValueError):
    """A policy that was refused, with every `Refusal` there is, in `refusals`.

    >>> from corserver import Policy, PolicyError
    >>> try:
    ...     Policy(["https://site.example/"], methods=["put"])
    ... except PolicyError as error:
    ...     print(error)
    this policy has 2 mistakes:
      origins: 'https://site.example/'
        an origin has no path, not even a trailing slash
        write: 'https://site.example'
      methods: 'put'
        methods are compared with their case, and browsers send the standard ones in upper case
        write: 'PUT'
    """

    def __init__(self, refusals: tuple[Refusal, ...]) -> None:
        self.refusals = refusals
        many = f"{len(refusals)} mistakes" if len(refusals) > 1 else "a mistake"
        super().__init__("\n".join([f"this policy has {many}:", *(f"  {refusal}" for refusal in refusals)]))
