"""Hosts that a server on loopback answers for."""

import pytest

from corserver.http.hosts import AllowedHosts, allowed_hosts


@pytest.mark.parametrize(
    "authority",
    [b"", b"localhost", b"LOCALHOST:8000", b"a.localhost", b"127.0.0.1:1", b"10.0.0.5", b"[::1]:8000", b"my.example"],
)
def test_this_machine_addresses_and_named_hosts_are_allowed(authority: bytes) -> None:
    assert AllowedHosts(frozenset({"my.example"})).permits(authority)


@pytest.mark.parametrize("authority", [b"evil.example", b"localhost.evil.example", b"evillocalhost", b"my.example"])
def test_other_names_are_not(authority: bytes) -> None:
    assert not AllowedHosts().permits(authority)


@pytest.mark.parametrize("name", ["My.Example", "my.example.", "my_host", "::1", "[::1]", "10.0.0.5"])
def test_a_name_is_allowed_in_any_case_and_an_address_is_no_mistake(name: str) -> None:
    allowed = allowed_hosts([name], on_loopback=True)
    assert allowed is not None
    host = f"[{name}]" if name == "::1" else name
    assert allowed.permits(host.lower().encode())


def test_a_lone_name_need_not_be_a_list() -> None:
    assert allowed_hosts("my.example", on_loopback=True) == AllowedHosts(frozenset({"my.example"}))


@pytest.mark.parametrize(
    "name", ["", ".", "http://my.example", "my.example:80", "*.example", "b\u00fccher.example", "a b"]
)
def test_what_would_allow_nothing_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is no host name: write it alone"):
        allowed_hosts([name], on_loopback=True)
