"""Addresses of clients, directly and behind proxies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bachbot.errors import UsageError
from bachbot.serving.addresses import TrustedProxies, client_group

PROXIES = TrustedProxies(["127.0.0.1", "10.0.0.0/8", "2001:db8::/32"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", ["203.0.113.5"], "203.0.113.5"),
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
        # What a client wrote itself stands in front.
        ("127.0.0.1", ["1.2.3.4, 203.0.113.5"], "203.0.113.5"),
        ("127.0.0.1", ["127.0.0.1, 203.0.113.5"], "203.0.113.5"),
        # Two proxies, in one header and in two.
        ("127.0.0.1", ["1.2.3.4, 203.0.113.5, 10.1.2.3"], "203.0.113.5"),
        ("127.0.0.1", ["1.2.3.4", "203.0.113.5, 10.1.2.3"], "203.0.113.5"),
        ("2001:db8::7", ["[2001:4860::1]:443"], "2001:4860::1"),
        ("::ffff:127.0.0.1", ["203.0.113.5:4711"], "203.0.113.5"),
        # All are proxies: the first one.
        ("127.0.0.1", ["10.0.0.9, 10.0.0.8"], "10.0.0.9"),
        # Not addresses: the proxy that passed them on.
        ("127.0.0.1", ["203.0.113.5, unknown"], "127.0.0.1"),
        ("127.0.0.1", ["203.0.113.5, unknown, 10.0.0.8"], "10.0.0.8"),
        ("127.0.0.1", [""], "127.0.0.1"),
        ("127.0.0.1", [",,,"], "127.0.0.1"),
        ("127.0.0.1", ["٣.1.1.1"], "127.0.0.1"),
        ("127.0.0.1", ["9" * 5000], "127.0.0.1"),
        ("", ["203.0.113.5"], ""),
    ],
)
def test_the_address_of_the_client(peer, forwarded, client):
    assert PROXIES.client_address(peer, forwarded) == client


@given(st.lists(st.text(max_size=30), max_size=5), st.ip_addresses(v=4))
def test_nothing_that_a_client_writes_changes_its_address(written, address):
    """A proxy appends the address of its peer to whatever the header was."""
    if str(address) in PROXIES:
        return
    forwarded = [*written, str(address)]
    assert PROXIES.client_address("127.0.0.1", forwarded) == str(address)
    assert PROXIES.client_address("127.0.0.1", [", ".join(forwarded)]) == str(address)
    assert TrustedProxies().client_address("127.0.0.1", forwarded) == "127.0.0.1"


@pytest.mark.parametrize("wrong", ["localhost", "", "10.0.0.1/8", "1.2.3", "*", "127.0.0.1:80"])
def test_a_proxy_that_is_not_an_address(wrong):
    with pytest.raises(UsageError, match="give its address, such as 127") as caught:
        TrustedProxies([wrong])
    assert "\n" not in str(caught.value)


def test_a_customer_counts_once():
    assert client_group("192.0.2.1") == client_group("::ffff:192.0.2.1") == "192.0.2.1"
    assert client_group("192.0.2.1") != client_group("192.0.2.2")
    assert client_group("2001:db8:1:2::5") == client_group("2001:db8:1:2:ffff::9")
    assert client_group("2001:db8:1:2::5") != client_group("2001:db8:1:3::5")
    assert client_group("not an address") == "not an address"
