"""The `--tls` flags, and the context that they make; its certificate can be read again while it is in use."""

import importlib.util
import shlex
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from corserver.cli.options.authority import data_directory, how_to_trust, issue, local_names
from corserver.cli.options.topics import option
from corserver.cli.output.terminal import unbroken

_FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)

#: The flags.
TLS_OPTIONS: Final = (
    option(
        "--tls",
        topic="tls",
        is_flag=True,
        help="Serve https, with a certificate for localhost and the names of --allow-host, by an authority of your own "
        "that is kept.",
    ),
    option(
        "--tls-cert",
        topic="tls",
        type=_FILE,
        metavar="FILE",
        help="Serve https with this certificate and its chain.",
    ),
    option("--tls-key", topic="tls", type=_FILE, metavar="FILE", help="Its key, if it is in a file of its own."),
)


@dataclass(frozen=True, slots=True)
class TLS:
    """Where the certificate comes from: a file, or an authority of one's own, for *names*."""

    cert: Path | None = None
    key: Path | None = None
    names: tuple[str, ...] = ()

    def load(self, context: ssl.SSLContext) -> Path | None:
        """Put the certificate into *context*; the authority's, if it is one's own. Raises `click.UsageError`."""
        try:
            if self.cert is None:
                return issue(data_directory(), self.names, context)
            # A context that took the certificate and then refused the key would be broken for good: hence a first try.
            for target in (ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), context):
                target.load_cert_chain(self.cert, self.key, password=_no_password)
        except (OSError, ValueError) as error:  # An SSLError is an OSError.
            raise click.UsageError(self._refused(error)) from error
        return None

    def _refused(self, error: Exception) -> str:
        if self.cert is None:
            return f"--tls: no certificate can be made: {error}"
        files = f"--tls-cert {self.cert}" + (f", --tls-key {self.key}" if self.key else "")
        reason = getattr(error, "reason", None)
        if reason == "KEY_VALUES_MISMATCH":
            return f"{files}: the key is another certificate's"
        if isinstance(error, ssl.SSLError):
            what = "a certificate and its key" if self.key is None else "a certificate and a key"
            hint = "; if the key is in a file of its own, name it with --tls-key" if self.key is None else ""
            return f"{files}: there is not {what} in PEM{hint} ({reason or error})"
        return f"{files}: {error}"


def read_tls(tls: bool, cert: Path | None, key: Path | None, host: str, allow_hosts: tuple[str, ...]) -> TLS | None:
    """What the flags say, None for plain HTTP. Raises `click.UsageError`."""
    if cert is not None:
        return TLS(cert, key)
    if key is not None:
        raise click.UsageError("--tls-key is the key of a certificate: add --tls-cert FILE")
    if not tls:
        return None
    if importlib.util.find_spec("trustme") is None:
        raise click.UsageError("--tls makes a certificate by trustme: pip install 'corserver[tls]', or use --tls-cert")
    return TLS(names=local_names(host, allow_hosts))


def server_context() -> ssl.SSLContext:
    """A context without a certificate: TLS 1.2 and later, HTTP/1.1."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


def trust_rows(authority: Path, url: str) -> list[tuple[str, str]]:
    """The banner's rows on how to trust *authority*."""
    commands = [*how_to_trust(authority), ("curl", f"curl --cacert {shlex.quote(str(authority))} {url}")]
    heading = ("Trust", "the certificate's authority, once, where it is needed:")
    return [heading, *((who, unbroken(command)) for who, command in commands)]


def _no_password() -> str:
    raise ValueError("the key is encrypted: write it without a password by `openssl pkey -in KEY -out NEW`")
