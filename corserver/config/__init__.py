"""What a user writes, on the command line or in a file, becomes values.

`policy` makes the policy of the flags, `flags` reads what others say; `file` finds and reads a file, `scopes` reads its
`[[cors]]` tables, `lines` knows on which line of it a value stands, `toml` writes values as they would stand there.
"""

from corserver.config.file import ConfigError, ConfigFile, Mistake, find_config, in_toml, read_config, shown
from corserver.config.flags import cache_control, embedding_lines, header_lines, limits, limits_sentence, users
from corserver.config.policy import EXPOSED, LOCALHOST, MAX_AGE, allowing_flag, cors_policy, policy_sentence
from corserver.config.scopes import (
    CORS_KEYS,
    CORSTable,
    entry_of,
    is_tables,
    read_tables,
    scope_sentences,
    scopes_of,
)
from corserver.config.toml import toml, toml_key

__all__ = [
    "CORS_KEYS",
    "EXPOSED",
    "LOCALHOST",
    "MAX_AGE",
    "CORSTable",
    "ConfigError",
    "ConfigFile",
    "Mistake",
    "allowing_flag",
    "cache_control",
    "cors_policy",
    "embedding_lines",
    "entry_of",
    "find_config",
    "header_lines",
    "in_toml",
    "is_tables",
    "limits",
    "limits_sentence",
    "policy_sentence",
    "read_config",
    "read_tables",
    "scope_sentences",
    "scopes_of",
    "shown",
    "toml",
    "toml_key",
    "users",
]
