"""Where a hosted app sets CORS headers by itself: what does so is recognised, and the line named that adds it.

Nothing is imported for it: an app that uses one of these has loaded it. What is not recognised is not guessed.
"""

import functools
import sys
from collections.abc import Iterator
from typing import Any, Final

#: How deep apps may be wrapped.
_DEPTH: Final = 16


def own_cors(app: object) -> str:
    """What in *app*, or in what it wraps, sets CORS headers, as one would find it in its source; empty if unknown."""
    found: dict[str, None] = {}
    for _ in range(_DEPTH):
        found |= dict.fromkeys(_sources(app))
        inner = next((inner for name in ("app", "wsgi_app", "application") if (inner := _inner(app, name))), None)
        if inner is None:
            break
        app = inner
    return ", ".join(found)


def _inner(app: object, name: str) -> object:
    # A Flask app's `wsgi_app` is its own method, unless something was wrapped around it.
    inner = getattr(app, name, None)
    return None if getattr(inner, "__self__", None) is app else inner


def _sources(app: Any) -> Iterator[str]:
    kind = type(app)
    if kind.__name__ == "CORSMiddleware":
        yield f"CORSMiddleware(app, ...) ({_package(kind)})"
    for added in getattr(app, "user_middleware", ()):
        if getattr(getattr(added, "cls", None), "__name__", "") == "CORSMiddleware":
            yield "app.add_middleware(CORSMiddleware, ...)"
    if getattr(app, "cors_config", None) is not None and _package(kind) == "litestar":
        yield "Litestar(cors_config=...)"
    if kind.__module__.startswith("django.core.handlers."):
        yield from _django()
    yield from _flask(app)


def _flask(app: Any) -> Iterator[str]:
    """Of Flask, and of Quart, which has its attributes."""
    hooks = getattr(app, "after_request_funcs", None)
    packages = {_package(hook) for each in hooks.values() for hook in each} if isinstance(hooks, dict) else set()
    if "flask_cors" in packages:
        yield "CORS(app) (flask-cors)"
    if "quart_cors" in packages:
        yield "cors(app) (quart-cors)"
    views = getattr(app, "view_functions", None)
    if isinstance(views, dict) and any(_defining(view) == "flask_cors" for view in views.values()):
        yield "@cross_origin (flask-cors)"


def _django() -> Iterator[str]:
    settings = getattr(sys.modules.get("django.conf"), "settings", None)
    named = [name for name in getattr(settings, "MIDDLEWARE", ()) if name.startswith("corsheaders.")]
    yield from (f"{name!r} in MIDDLEWARE (django-cors-headers)" for name in named)


def _package(thing: Any) -> str:
    while isinstance(thing, functools.partial):
        thing = thing.func
    return str(getattr(thing, "__module__", "")).partition(".")[0]


def _defining(function: Any) -> str:
    """The package whose code a function is, whatever it says of itself: a decorator's takes the name of the other."""
    names = getattr(function, "__globals__", {})
    return str(names.get("__name__", "")).partition(".")[0]
