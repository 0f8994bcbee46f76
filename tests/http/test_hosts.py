"""Hosts that a server on loopback answers for."""

import pytest

from corserver.http.hosts import AllowedHosts


@pytest.mark.parametrize(
    "authority",
    [b"", b"localhost", b"LOCALHOST:8000", b"a.localhost", b"127.0.0.1:1", b"10.0.0.5", b"[::1]:8000", b"my.example"],
)
def test_this_machine_addresses_and_named_hosts_are_allowed(authority: bytes) -> None:
    assert AllowedHosts(frozenset({"my.example"})).permits(authority)


@pytest.mark.parametrize("authority", [b"evil.example", b"localhost.evil.example", b"evillocalhost", b"my.example"])
def test_other_names_are_not(authority: bytes) -> None:
    assert not AllowedHosts().permits(authority)
