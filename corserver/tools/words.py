"""Words for people: a peer's bytes and names as text, bounded and without control characters; sentences."""

MAX_SHOWN = 400


def text(value: bytes, limit: int = MAX_SHOWN) -> str:
    """*value* with everything but printable ASCII escaped, cut after *limit* bytes."""
    shown = "".join(chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}" for byte in value[:limit])
    return shown if len(value) <= limit else f"{shown}... ({len(value)} bytes)"


def plain(sentence: str) -> str:
    """*sentence* with what is not printable escaped: a peer's words may be in it."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in sentence)


def names(values: tuple[bytes, ...] | list[bytes]) -> str:
    """Names with commas between them."""
    return ", ".join(map(text, values))


def cased(name: bytes) -> str:
    """A header's name as people write it."""
    return "-".join(part.capitalize() for part in text(name).split("-")).replace("Www-", "WWW-")


def sentence(words: str) -> str:
    """*words* with a capital and a full stop."""
    return f"{words[:1].upper()}{words[1:]}{'' if words.endswith('.') else '.'}"
