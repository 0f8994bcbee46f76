"""The mend as a configuration: for nginx, Caddy, Express, FastAPI, Flask, Spring and corserver.

Each snippet allows one origin, and answers the preflight before anything else does. A server is recognised by what it
says of itself in Server and X-Powered-By; who cannot be recognised so is asked for by name.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from corserver.tools.check.exchanges import Reply
from corserver.tools.check.report import Snippet
from corserver.tools.words import text


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the configuration is to allow."""

    origin: str
    path: str
    methods: tuple[str, ...]
    headers: tuple[str, ...]
    expose: tuple[str, ...] = ()
    credentials: bool = False

    @property
    def answers(self) -> list[tuple[str, str]]:
        """The lines of every answer. One origin, always the same: no Vary is needed."""
        lines = [("Access-Control-Allow-Origin", self.origin)]
        if self.credentials:
            lines.append(("Access-Control-Allow-Credentials", "true"))
        if self.expose:
            lines.append(("Access-Control-Expose-Headers", ", ".join(self.expose)))
        return lines

    @property
    def preflight(self) -> list[tuple[str, str]]:
        """The lines of the answer to a preflight."""
        lines = [line for line in self.answers if not line[0].endswith("Expose-Headers")]
        lines.append(("Access-Control-Allow-Methods", ", ".join(self.methods)))
        if self.headers:
            lines.append(("Access-Control-Allow-Headers", ", ".join(self.headers)))
        return [*lines, ("Access-Control-Max-Age", "600")]


def _nginx(wish: Wish) -> str:
    def lines(fields: Iterable[tuple[str, str]], indent: str) -> list[str]:
        return [f'{indent}add_header {name} "{value}" always;' for name, value in fields]

    return "\n".join(
        [
            f"location {wish.path} {{",
            *lines(wish.answers, "    "),
            "    proxy_hide_header Access-Control-Allow-Origin;  # if the app behind sends one too",
            "    if ($request_method = OPTIONS) {",
            *lines(wish.preflight, "        "),
            "        return 204;",
            "    }",
            "    # what is there already: proxy_pass, root, …",
            "}",
        ]
    )


def _caddy(wish: Wish) -> str:
    def lines(fields: Iterable[tuple[str, str]]) -> list[str]:
        return [f'        {name} "{value}"' for name, value in fields]

    return "\n".join(
        [
            "@preflight {",
            "    method OPTIONS",
            "    header Access-Control-Request-Method *",
            "}",
            "handle @preflight {",
            "    header {",
            *lines(wish.preflight),
            "    }",
            "    respond 204",
            "}",
            "handle {",
            "    header {",
            *lines(wish.answers),
            "        defer",
            "    }",
            "    # what is there already: reverse_proxy, file_server, …",
            "}",
        ]
    )


def _express(wish: Wish) -> str:
    options = [f"  origin: [{_quoted(wish.origin)}]", f"  methods: {_listing(wish.methods)}"]
    options += [f"  allowedHeaders: {_listing(wish.headers)}"] if wish.headers else []
    options += [f"  exposedHeaders: {_listing(wish.expose)}"] if wish.expose else []
    options += ["  credentials: true"] if wish.credentials else []
    return "\n".join(
        [
            "const cors = require('cors')  // npm install cors",
            "// before every route, and before authentication",
            "app.use(cors({",
            ",\n".join([*options, "  maxAge: 600"]),
            "}))",
        ]
    )


def _fastapi(wish: Wish) -> str:
    options = [f"    allow_origins=[{_quoted(wish.origin)}]", f"    allow_methods={_listing(wish.methods)}"]
    options += [f"    allow_headers={_listing(wish.headers)}"] if wish.headers else []
    options += [f"    expose_headers={_listing(wish.expose)}"] if wish.expose else []
    options += ["    allow_credentials=True"] if wish.credentials else []
    return "\n".join(
        [
            "from fastapi.middleware.cors import CORSMiddleware",
            "",
            "# added last, so that it is the outermost; an unhandled exception's 500 still escapes it",
            "app.add_middleware(",
            "    CORSMiddleware,",
            *(f"{option}," for option in options),
            "    max_age=600,",
            ")",
        ]
    )


def _flask(wish: Wish) -> str:
    options = [f"    origins=[{_quoted(wish.origin)}]", f"    methods={_listing(wish.methods)}"]
    options += [f"    allow_headers={_listing(wish.headers)}"] if wish.headers else []
    options += [f"    expose_headers={_listing(wish.expose)}"] if wish.expose else []
    options += ["    supports_credentials=True"] if wish.credentials else []
    return "\n".join(
        [
            "from flask_cors import CORS  # pip install flask-cors",
            "",
            "CORS(",
            "    app,",
            *(f"{option}," for option in options),
            "    max_age=600,",
            ")",
        ]
    )


def _spring(wish: Wish) -> str:
    # Spring refuses what is not listed itself, a plain GET too: its own default, and what is asked for
    methods = dict.fromkeys(("GET", "HEAD", "POST", *wish.methods))
    calls = [f".allowedOrigins({_quoted(wish.origin)})", f".allowedMethods({_arguments(methods)})"]
    calls += [f".allowedHeaders({_arguments(wish.headers)})"] if wish.headers else []
    calls += [f".exposedHeaders({_arguments(wish.expose)})"] if wish.expose else []
    calls += [".allowCredentials(true)"] if wish.credentials else []
    return "\n".join(
        [
            "import org.springframework.context.annotation.Configuration;",
            "import org.springframework.web.servlet.config.annotation.CorsRegistry;",
            "import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;",
            "",
            "@Configuration",
            "class CorsConfig implements WebMvcConfigurer {",
            "    @Override",
            "    public void addCorsMappings(CorsRegistry registry) {",
            '        registry.addMapping("/**")',
            *(f"            {call}" for call in calls),
            "            .maxAge(600);",
            "    }",
            "}",
            "// with Spring Security also: http.cors(Customizer.withDefaults()), so that CORS runs before it",
        ]
    )


def _corserver(wish: Wish) -> str:
    options = [f"    origins=[{_quoted(wish.origin)}]", f"    methods={_listing(wish.methods)}"]
    options += [f"    headers={_listing(wish.headers)}"] if wish.headers else []
    options += [f"    expose={_listing(wish.expose)}"] if wish.expose else []
    options += ["    credentials=True"] if wish.credentials else []
    credentials = " --cors-credentials" if wish.credentials else ""
    return "\n".join(
        [
            f"# on the command line: corserver DIRECTORY --cors {wish.origin}{credentials}",
            "from corserver import App, Policy",
            "",
            "policy = Policy(",
            *(f"{option}," for option in options),
            "    max_age=600,",
            ")",
            "app = App(cors=policy)",
        ]
    )


@dataclass(frozen=True, slots=True)
class _Known:
    title: str
    write: Callable[[Wish], str]
    #: in Server or X-Powered-By, lower-case
    marks: tuple[bytes, ...]
    #: the body of its refusal; it may say nothing else of itself
    refusal: bytes | None = None


SERVERS: Final = {
    "nginx": _Known("nginx", _nginx, (b"nginx", b"openresty")),
    "caddy": _Known("Caddy (Caddyfile)", _caddy, (b"caddy",)),
    "express": _Known("Express", _express, (b"express",)),
    "fastapi": _Known(
        "FastAPI and Starlette", _fastapi, (b"uvicorn", b"hypercorn", b"granian", b"fastapi"), b"Disallowed CORS "
    ),
    "flask": _Known("Flask", _flask, (b"werkzeug", b"gunicorn")),
    "spring": _Known("Spring", _spring, (b"apache-coyote", b"spring", b"jetty"), b"Invalid CORS request"),
    "corserver": _Known("corserver", _corserver, (b"corserver",)),
}


def recognised(replies: Iterable[Reply]) -> tuple[str, str] | None:
    """The name of the server that sent *replies*, as in `SERVERS`, and what it said of itself."""
    replies = tuple(replies)
    for name, known in SERVERS.items():
        if known.refusal is not None and any(reply.body.startswith(known.refusal) for reply in replies):
            return name, text(known.refusal).strip()
    for header in (b"x-powered-by", b"server"):  # the app knows more of CORS than the proxy before it
        for reply in replies:
            value = reply.get(header)
            for name, known in SERVERS.items():
                if value is not None and any(mark in value.lower() for mark in known.marks):
                    return name, text(value)
    return None


def snippets(wish: Wish, named: Iterable[str], seen: tuple[str, str] | None) -> tuple[Snippet, ...]:
    """The configurations of the *named* servers; without any, of the one that was recognised."""
    wanted = list(named) or ([] if seen is None else [seen[0]])
    if "all" in wanted:
        wanted = list(SERVERS)
    evidence = "" if seen is None else seen[1]
    return tuple(
        Snippet(name, SERVERS[name].title, SERVERS[name].write(wish), evidence if seen and seen[0] == name else "")
        for name in dict.fromkeys(wanted)
    )


def _quoted(value: str) -> str:
    return json.dumps(value)


def _listing(values: Iterable[str]) -> str:
    return json.dumps(list(values))


def _arguments(values: Iterable[str]) -> str:
    return ", ".join(map(_quoted, values))
