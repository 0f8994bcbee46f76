"""What a command line means, with the configuration that is here."""

from typing import Any

import click
import pytest

from corserver.cli.serve import serve_directory

TABLES = """\
port = 0

[[cors]]
path = "/api/*"
origins = ["https://app.example"]

[[cors]]
path = "/api/private/*"
origins = false
"""


def parsed(*arguments: str) -> dict[str, Any]:
    return serve_directory.make_context("corserver", list(arguments)).params


def refused(*arguments: str) -> str:
    with pytest.raises(click.UsageError) as caught:
        parsed(*arguments)
    return caught.value.format_message()
