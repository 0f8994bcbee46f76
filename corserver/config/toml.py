"""Values as TOML writes them (toml.io, v1.0.0)."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")


def toml(value: Any) -> str:
    """*value*, of the types that `tomllib` gives, on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{toml_key(key)} = {toml(each)}' for key, each in value.items())} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml, value))}]"
    return str(value)


def toml_key(key: str) -> str:
    """*key* as it stands before its `=`."""
    return key if _BARE_KEY.fullmatch(key) else _string(key)


def _string(text: str) -> str:
    # TOML's basic strings have JSON's escapes, and want one for DEL too.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
