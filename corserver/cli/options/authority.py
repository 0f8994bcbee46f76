"""A certificate authority of one's own, for `--tls`: made once by trustme, kept for the next time, trusted by hand.

The authority is one file with its key and its certificate, for its owner only, put into place whole: whoever comes
second finds the first one's. Beside it lies the certificate alone, which browsers are told to trust. A start issues a
new certificate for the server, so that none is ever old.
"""

import contextlib
import os
import shlex
import socket
import ssl
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import trustme

_SECRET: Final = "authority.pem"
_PUBLIC: Final = "ca.pem"
#: A certificate's life. Apple's systems refuse what is good for more than 825 days.
_LIFE: Final = timedelta(days=397)
_SKEW: Final = timedelta(days=1)


def data_directory() -> Path:
    """Where the authority is kept: XDG's directory for data."""
    given = os.environ.get("XDG_DATA_HOME", "")
    return (Path(given) if os.path.isabs(given) else Path.home() / ".local" / "share") / "corserver"


def local_names(host: str, more: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The names of a server on *host*: this machine's for itself; what others call it where they can reach it."""
    # No `*.localhost`: browsers and OpenSSL take no wildcard right below the root. Who wants such a name says it.
    names = ["localhost", "127.0.0.1", "::1"]
    if host in ("", "0.0.0.0", "::"):
        names.append(socket.gethostname())
        with contextlib.suppress(OSError):
            names += [str(found[4][0]) for found in socket.getaddrinfo(socket.gethostname(), None)]
    else:
        names.append(host)
    return tuple(dict.fromkeys(name.partition("%")[0].lower() for name in (*names, *more) if name))


def issue(directory: Path, names: tuple[str, ...], context: ssl.SSLContext) -> Path:
    """Give *context* a new certificate for *names*; the path of the certificate that signed it.

    Raises OSError where the authority cannot be kept, ValueError for a name that cannot be in a certificate.
    """
    authority = _authority(directory)
    public = directory / _PUBLIC
    certificate = authority.cert_pem.bytes()
    if not public.is_file() or public.read_bytes() != certificate:
        _put(public, certificate, 0o644, replace=True)
    now = datetime.now(UTC)
    leaf = authority.issue_cert(*names, organization_name="corserver", not_before=now - _SKEW, not_after=now + _LIFE)
    leaf.configure_cert(context)
    return public


def how_to_trust(authority: Path, platform: str = sys.platform) -> tuple[tuple[str, str], ...]:
    """Who is to trust *authority*, browsers first, and the command that has them do so."""
    file = shlex.quote(str(authority))
    if platform == "darwin":
        return (
            ("Keychain", f"security add-trusted-cert -r trustRoot -k ~/Library/Keychains/login.keychain-db {file}"),
        )
    if platform == "win32":
        return (("Windows", f"certutil -user -addstore Root {file}"),)
    # A browser that has not run yet has no database: certutil makes one, in a directory that is there.
    database = "mkdir -p ~/.pki/nssdb && certutil -d sql:$HOME/.pki/nssdb"
    return (
        ("Chromium", f"{database} -A -t C,, -n corserver -i {file}"),
        ("System", f"sudo cp {file} /usr/local/share/ca-certificates/corserver.crt && sudo update-ca-certificates"),
    )


def _authority(directory: Path) -> "trustme.CA":
    import trustme

    secret = directory / _SECRET
    found = _kept(secret)
    if found is not None:
        return found
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    user = f"{os.environ.get('USER', 'somebody')}@{socket.gethostname()}"
    made = trustme.CA(organization_name="corserver", organization_unit_name=f"for tests of {user}"[:64], path_length=0)
    _put(secret, made.private_key_pem.bytes() + made.cert_pem.bytes(), 0o600, replace=secret.exists())
    return _kept(secret) or made


def _kept(secret: Path) -> "trustme.CA | None":
    """The authority that is kept, if there is one that is good for another certificate's life."""
    import trustme
    from cryptography import x509

    try:
        pem = secret.read_bytes()
    except FileNotFoundError:
        return None
    key, begin, rest = pem.partition(b"-----BEGIN CERTIFICATE-----")
    try:
        until = x509.load_pem_x509_certificate(begin + rest).not_valid_after_utc
        return trustme.CA.from_pem(begin + rest, key) if until > datetime.now(UTC) + _LIFE else None
    except ValueError:
        return None


def _put(path: Path, content: bytes, mode: int, *, replace: bool) -> None:
    """Put *content* at *path* as a whole; unless it is to *replace* it, what somebody else has put there stays."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(handle, "wb") as file:
            os.fchmod(handle, mode)
            file.write(content)
            file.flush()
            os.fsync(handle)
        if replace:
            os.replace(temporary, path)
        else:
            with contextlib.suppress(FileExistsError):
                os.link(temporary, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
