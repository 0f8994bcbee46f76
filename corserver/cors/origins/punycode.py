"""International names in ASCII, as browsers write them (URL standard "domain to ASCII"; RFC 3492)."""

from unicodedata import normalize


def to_ascii(domain: str) -> bytes:
    """*domain* in lower case, international labels in Punycode. Raises UnicodeError for one that has no such form."""
    return b".".join(map(_label_to_ascii, domain.split(".")))


def _label_to_ascii(label: str) -> bytes:
    # By the character: of a word Python makes the last sigma another letter. Its codec is of 2003, when these two
    # letters stood for others; to a browser `straße` is not `strasse`.
    lower = "".join(map(str.lower, label))
    if set("ßς") & set(lower):
        return b"xn--" + normalize("NFC", lower).encode("punycode")
    return lower.encode("idna")


def is_punycode_sound(host: bytes) -> bool:
    """Whether each `xn--` label of *host* stands for a name that is written so; a browser refuses any other URL."""
    return all(_is_encoded_name(label[4:]) for label in host.split(b".") if label.startswith(b"xn--"))


def _is_encoded_name(encoded: bytes) -> bool:
    try:
        name = encoded.decode("punycode")
        return not name.isascii() and name.encode("punycode") == encoded
    except UnicodeError:
        return False
