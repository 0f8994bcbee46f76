"""The addresses in the banner: those by which another machine reaches this one, as URLs."""

import socket
from pathlib import Path

from corserver.cli.output.addresses import machine_addresses, machine_addresses_6, network_urls
from corserver.http.listeners import BoundAddress

#: As Linux lists them: loopback, of a link, unique local, one that is deprecated, one that is tentative, global.
LISTED = """\
00000000000000000000000000000001 01 80 10 80       lo
fe8000000000000000fc00fffe000001 04 40 20 80     eth0
fd000000000000000000000000000002 04 40 00 82     eth0
20010db8000000000000000000000003 04 40 00 20     eth0
20010db8000000000000000000000004 04 40 00 c0     eth0
20010db80000000000000000000000ab 04 40 00 80     eth0
"""


def test_of_ipv6_those_count_that_a_url_can_name(tmp_path: Path) -> None:
    listed = tmp_path / "if_inet6"
    listed.write_text(LISTED)
    found = machine_addresses_6(listed)
    assert [address for address in found if address in ("fd00::2", "2001:db8::ab")] == ["fd00::2", "2001:db8::ab"]
    assert not {"::1", "fe80::fc:ff:fe00:1", "2001:db8::3", "2001:db8::4"} & set(found)
    assert "2001:db8::ab" not in machine_addresses_6(tmp_path / "none")


def test_each_url_leads_to_a_listener_of_this_machine() -> None:
    for family, everywhere, own in (
        (socket.AF_INET, "0.0.0.0", machine_addresses()),
        (socket.AF_INET6, "::", machine_addresses_6()),
    ):
        urls = network_urls([BoundAddress(everywhere, 80)])
        assert urls == tuple(BoundAddress(host, 80).url for host in own[:4])
        for host in own:
            with socket.socket(family) as listener:
                listener.bind((host, 0))


def test_of_loopback_and_a_socket_nobody_else_is_told() -> None:
    assert network_urls([BoundAddress("127.0.0.1", 80), BoundAddress("::1", 80), BoundAddress("", 0, uds="/x")]) == ()
