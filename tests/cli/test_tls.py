"""`--tls` and `--tls-cert`: what curl and Python's ssl see, and what a user is told."""

import contextlib
import shutil
import signal
import socket
import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import httpx
import pytest
import trio
import trustme

from corserver.cli.options.authority import how_to_trust, issue, local_names
from corserver.cli.options.tls import read_tls, server_context

from .running import Running, corserver, errors, refused

NAMES = ("localhost", "127.0.0.1", "::1")


@pytest.fixture
def public(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    root = tmp_path / "public"
    root.mkdir()
    (root / "data.json").write_text('{"a": 1}')
    return root


@pytest.fixture
def data(tmp_path: Path) -> dict[str, str]:
    return {"XDG_DATA_HOME": str(tmp_path / "data")}


async def run(*command: str | Path) -> tuple[int, str]:
    done = await trio.run_process(list(map(str, command)), capture_stdout=True, capture_stderr=True, check=False)
    return done.returncode, (done.stdout + done.stderr).decode()


def leaf(tmp_path: Path, authority: trustme.CA, name: str) -> tuple[Path, Path]:
    made = authority.issue_cert(*NAMES, common_name=name)
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    cert.write_bytes(made.cert_chain_pems[0].bytes())
    key.write_bytes(made.private_key_pem.bytes())
    return cert, key


def trusting(authority: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(authority))


@pytest.mark.skipif(shutil.which("curl") is None, reason="apt-get install curl")
@pytest.mark.parametrize("workers", ["1", "2"])
async def test_a_certificate_for_this_machine_is_made_and_trusted_by_who_was_told_to(
    public: Path, tmp_path: Path, data: dict[str, str], workers: str
) -> None:
    flags = ["-p", "0", "--tls", "--cors", "https://app.example", "--workers", workers]
    async with corserver(public, *flags, **data) as running:
        url = await running.url()
        assert url.startswith("https://127.0.0.1:")
        command = (await running.line_with("curl --cacert")).split()
        await running.line_with("Stop")
        code, text = await run(
            *command[:1], "-sSi", "-H", "Origin: https://app.example", *command[1:-1], f"{url}/data.json"
        )
        assert (code, text.splitlines()[0]) == (0, "HTTP/1.1 200 OK")
        assert "Access-Control-Allow-Origin: https://app.example" in text
        assert "strict-transport-security" not in text.lower()
        authority = tmp_path / "data" / "corserver" / "ca.pem"
        port = url.rpartition(":")[2]
        code, text = await run("curl", "-sS", "--cacert", authority, f"https://localhost:{port}/data.json")
        assert (code, text) == (0, '{"a": 1}')
        code, text = await run("curl", "-sS", f"{url}/data.json")
        assert code == 60, "nobody else trusts it"
        assert await running.stop() == 0
    kept = authority.read_bytes()
    assert stat.S_IMODE((authority.parent / "authority.pem").stat().st_mode) == 0o600
    async with (
        corserver(public, "-p", "0", "--tls", **data) as running,
        httpx.AsyncClient(verify=trusting(authority)) as client,
    ):
        assert (await client.get(f"{await running.url()}/data.json")).json() == {"a": 1}
    assert authority.read_bytes() == kept


async def test_close_notify_ends_a_connection(public: Path, tmp_path: Path, data: dict[str, str]) -> None:
    async with corserver(public, "-p", "0", "--tls", **data) as running:
        port = int((await running.url()).rpartition(":")[2])
        context = trusting(tmp_path / "data" / "corserver" / "ca.pem")

        def ask() -> bytes:
            with (
                socket.create_connection(("127.0.0.1", port), timeout=20) as plain,
                context.wrap_socket(plain, server_hostname="localhost", suppress_ragged_eofs=False) as secured,
            ):
                secured.sendall(b"GET /data.json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                received = b""
                while chunk := secured.recv(65536):  # It raises SSLEOFError where the end was not announced.
                    received += chunk
                return received

        for context.maximum_version in (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2):
            assert (await trio.to_thread.run_sync(ask)).endswith(b'{"a": 1}')


async def test_plain_http_is_told_so_and_the_rest_is_closed_on_without_a_word_in_the_log(
    public: Path, data: dict[str, str]
) -> None:
    async with corserver(public, "-p", "0", "--tls", "--limit", "handshake-seconds=300ms", **data) as running:
        url = await running.url()
        async with httpx.AsyncClient() as client:
            answer = await client.get(url.replace("https:", "http:"))
        assert (answer.status_code, answer.text) == (400, "This port speaks HTTPS: write https:// instead\n")
        port = int(url.rpartition(":")[2])
        # What is no TLS may be HTTP; who says nothing has no more time than that.
        for sent, told in ((b"\x00" * 100, b"HTTP/1.1 400 "), (b"", b"")):
            with trio.fail_after(20):
                async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
                    await stream.send_all(sent)
                    with contextlib.suppress(trio.BrokenResourceError):
                        assert (await stream.receive_some())[:13] == told
        assert await running.stop() == 0
        await running.line_with("Stopped.")
        assert await errors(running) == ""
        assert [line.split()[0] for line in running.lines[-2:]] == ["Stop", "Stopped."], "no request is logged"


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_a_renewed_certificate_is_read_at_a_hangup_and_a_bad_one_leaves_the_old(
    public: Path, tmp_path: Path, workers: str
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = trusting(tmp_path / "ca.pem")
    cert, key = leaf(tmp_path, authority, "first")

    def name(port: int) -> str:
        with (
            socket.create_connection(("127.0.0.1", port), timeout=20) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as secured,
        ):
            found = secured.getpeercert()
            assert found is not None
            return str(dict(pair for each in found["subject"] for pair in each)["commonName"])  # type: ignore[misc]

    flags: list[str | Path] = ["-p", "0", "--tls-cert", cert, "--tls-key", key, "--workers", workers]
    async with corserver(public, *flags) as running:
        port = int((await running.url()).rpartition(":")[2])
        await running.line_with("Stop")
        assert name(port) == "first"
        leaf(tmp_path, authority, "second")
        running.process.send_signal(signal.SIGHUP)
        await running.line_with("read again" if workers == "1" else "were replaced")
        assert await trio.to_thread.run_sync(name, port) == "second"
        key.write_bytes(trustme.CA().issue_cert("localhost").private_key_pem.bytes())
        running.process.send_signal(signal.SIGHUP)
        await Running(running.process, aside=True).line_with("the key is another certificate's")
        assert await trio.to_thread.run_sync(name, port) == "second"
        assert await running.stop() == 0


def load(cert: Path | None, key: Path | None) -> None:
    made = read_tls(False, cert, key, "127.0.0.1", ())
    assert made is not None
    made.load(server_context())


async def test_what_is_no_certificate_is_refused_in_words(public: Path, tmp_path: Path) -> None:
    cert, key = leaf(tmp_path, trustme.CA(), "x")
    other = tmp_path / "other.pem"
    other.write_bytes(trustme.CA().issue_cert("localhost").private_key_pem.bytes())
    cases = [
        (None, key, "add --tls-cert FILE"),
        (cert, None, "name it with --tls-key"),
        (cert, other, "the key is another certificate's"),
        (public / "data.json", key, "there is not a certificate and a key in PEM"),
        (tmp_path / "nope.pem", key, "No such file"),
    ]
    for cert_file, key_file, words in cases:
        with pytest.raises(click.UsageError, match=words):
            load(cert_file, key_file)
    code, text = await refused(public, "-p", "0", "--tls-cert", cert, "--tls-key", other)
    assert (code, "the key is another certificate's" in text, "Traceback" in text) == (2, True, False), text


def test_an_authority_that_is_over_or_broken_is_made_anew(tmp_path: Path) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    def context() -> ssl.SSLContext:
        return ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)

    public = issue(tmp_path / "kept", NAMES, context())
    first = public.read_bytes()
    assert issue(tmp_path / "kept", NAMES, context()).read_bytes() == first
    secret = public.parent / "authority.pem"
    secret.write_bytes(b"nonsense")
    second = issue(tmp_path / "kept", NAMES, context()).read_bytes()
    assert second != first
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "old")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), 1, now - timedelta(9), now + timedelta(9))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    )
    assert issue(tmp_path / "kept", NAMES, context()).read_bytes() not in (first, second)
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert sorted(path.name for path in public.parent.iterdir()) == ["authority.pem", "ca.pem"]


def test_the_names_are_this_machines_and_those_by_which_others_reach_it() -> None:
    assert local_names("127.0.0.1", ("App.test",)) == ("localhost", "127.0.0.1", "::1", "app.test")
    assert "192.0.2.1" in local_names("192.0.2.1")
    assert socket.gethostname().lower() in local_names("0.0.0.0")


@pytest.mark.parametrize(
    ("platform", "word"), [("linux", "update-ca-certificates"), ("darwin", "security"), ("win32", "certutil -user")]
)
def test_how_to_trust_it_is_said_for_each_system(platform: str, word: str) -> None:
    assert any(word in command and "/x/ca.pem" in command for _, command in how_to_trust(Path("/x/ca.pem"), platform))
