"""An app by its name, `module:attribute`: imported, told what kind it is, and its mistakes said for people."""

import importlib
import inspect
import traceback
from collections.abc import Callable
from difflib import get_close_matches
from enum import Enum, unique
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, Final


class LoadError(Exception):
    """No app: what was given, why not, and what to write instead. *details* is the traceback of what the app raised."""

    def __init__(self, sentence: str, details: str = "") -> None:
        super().__init__(sentence)
        self.details = details


@unique
class Kind(Enum):
    """What can be served, by how it is called."""

    #: An async callable of a request: an `App`, or a function.
    NATIVE = "corserver"
    #: An async callable of scope, receive and send.
    ASGI = "ASGI"
    #: A callable of environ and start_response (PEP 3333).
    WSGI = "WSGI"


def named(target: str) -> tuple[str, str]:
    """The module and the name in it that *target* names. Raises ValueError where it names none."""
    module, _, name = target.partition(":")
    if not (module and name) or "/" in target or module.endswith(".py"):
        raise ValueError(f"{target!r} is not a module and a name in it: write {_meant(module)}:{name or 'app'}")
    return module, name


def load(target: str, folder: Path, *, factory: bool = False) -> Any:
    """The object at *target*, or what it returns if it is a *factory*; its module is in *folder*, or installed.

    Raises `LoadError`, and ValueError as `named`.
    """
    module_name, attribute = named(target)
    found: Any = _import(module_name, folder)
    for name in attribute.split("."):
        if not hasattr(found, name):
            raise LoadError(_no_attribute(found, name, target, module_name))
        found = getattr(found, name)
    if not factory:
        return found
    if not callable(found):
        raise LoadError(f"{target} is not a function that makes an app: leave out --factory")
    try:
        return found()
    except Exception as error:
        raise LoadError(f"{target} raised instead of making an app:", _own_part(error)) from error


def kind_of(app: Any, target: str) -> Kind:
    """What *app* is, by its signature. Raises `LoadError` for what is none of them."""
    if inspect.isclass(app) or not callable(app):
        what = "a class, of which --factory makes an app" if inspect.isclass(app) else f"of type {type(app).__name__}"
        raise LoadError(f"{target} is no app: it is {what}")
    is_async = _is_async(app)
    required = _required(app)
    match required, is_async:
        case (1, True):
            return Kind.NATIVE
        case (3, _) | (None, True):
            return Kind.ASGI
        case (2, False):
            return Kind.WSGI
        case (0, _):
            raise LoadError(f"{target} is no app but takes no arguments: if it makes one, add --factory")
        case (1, False):
            raise LoadError(
                f"{target} is an app of ASGI 2, or none: wrap it by asgiref.compatibility.guarantee_single_callable"
            )
    raise LoadError(
        f"{target} is no app: an ASGI app is `async def app(scope, receive, send)`, a WSGI app "
        "`def app(environ, start_response)`, corserver's own `async def app(request)`"
    )


def _import(name: str, folder: Path) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if missing and (name == missing or name.startswith(missing + ".")):
            raise LoadError(_no_module(name, missing, folder)) from error
        raise LoadError(
            f"the module {name} cannot be imported, as it does not find {missing}:", _own_part(error)
        ) from error
    except Exception as error:
        raise LoadError(f"the module {name} raised while it was imported:", _own_part(error)) from error
    except SystemExit as error:
        raise LoadError(f"the module {name} ended the program while it was imported:", _own_part(error)) from error


def _no_module(name: str, missing: str, folder: Path) -> str:
    there = sorted({path.stem for path in folder.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()})
    close = get_close_matches(missing, there, 1)
    hint = f"did you mean {close[0]}?" if close else "--app-dir DIRECTORY looks elsewhere"
    return f"there is no module {missing!r} in {folder}, nor installed: {hint}" + (
        f" ({name} was asked for)" if name != missing else ""
    )


def _no_attribute(found: object, name: str, target: str, module_name: str) -> str:
    names = [known for known, value in vars(found).items() if not known.startswith("_") and _looks_like_app(value)]
    every = [known for known in dir(found) if not known.startswith("_")]
    close = get_close_matches(name, every, 2) or names[:3]
    hint = f"did you mean {' or '.join(f'{module_name}:{meant}' for meant in close)}?" if close else "it has no app"
    return f"{target}: there is no {name!r} in {getattr(found, '__name__', module_name)}: {hint}"


def _looks_like_app(value: object) -> bool:
    if inspect.isclass(value) or inspect.ismodule(value) or not callable(value):
        return False
    try:
        kind_of(value, "")
    except LoadError:
        return False
    return True


def _meant(module: str) -> str:
    return module.removesuffix(".py").strip("./").replace("/", ".") or "module"


def _is_async(app: Callable[..., Any]) -> bool:
    return inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(getattr(app, "__call__", None))  # noqa: B004


def _required(app: Callable[..., Any]) -> int | None:
    """How many arguments it must be given; None where that can be any number."""
    try:
        parameters = inspect.signature(app).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters):
        return None
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(parameter.kind in positional and parameter.default is parameter.empty for parameter in parameters)


#: Whose frames say nothing about the mistake.
_NOT_OWN: Final = ("<frozen importlib", str(Path(__file__).parent.parent), str(Path(importlib.__file__ or "").parent))


def _own_part(error: BaseException) -> str:
    """The traceback from the app's own first line on."""
    own: TracebackType | None = error.__traceback__
    while own is not None and own.tb_frame.f_code.co_filename.startswith(_NOT_OWN):
        own = own.tb_next
    return "".join(traceback.format_exception(type(error), error, own)).rstrip()
