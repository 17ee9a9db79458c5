"""The network address of a client, also behind proxies that are trusted by name."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv6Address, ip_address, ip_network

from bachbot.errors import UsageError

_IPV6_PREFIX = 64
"""Bits of an IPv6 address that the network assigns; each customer chooses the rest freely."""

_MAX_HOPS = 32


def client_group(address: str) -> str:
    """The group of addresses that counts as one client.

    Parameters
    ----------
    address : str
        IPv4 or IPv6 address.

    Returns
    -------
    str
        The address itself, or the network of 64 bits of an IPv6 address. Text that is not an
        address is a group of its own.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ip_network((int(parsed), _IPV6_PREFIX), strict=False))
    return str(parsed)


class TrustedProxies:
    """Proxies whose header X-Forwarded-For is believed.

    Parameters
    ----------
    addresses : sequence of str
        Addresses such as ``"127.0.0.1"``, or networks such as ``"10.0.0.0/8"``. Default: none, so
        the header is ignored.

    Raises
    ------
    UsageError
        If one of them is not an address or a network.
    """

    def __init__(self, addresses: Sequence[str] = ()) -> None:
        try:
            self._networks = tuple(ip_network(address.strip()) for address in addresses)
        except ValueError as error:
            raise UsageError(
                f"a trusted proxy is wrong ({error}): give its address, such as 127.0.0.1, "
                "or a network, such as 10.0.0.0/8"
            ) from error

    def __contains__(self, address: str) -> bool:
        found = _parse_address(address)
        return found is not None and any(ip_address(found) in n for n in self._networks)

    def __len__(self) -> int:
        return len(self._networks)

    def client_address(self, peer: str, forwarded_for: Iterable[str]) -> str:
        """The address of the client that a request comes from.

        Each proxy appends the address of its own peer to the header, so only what trusted proxies
        appended is believed: the header is read from its end up to the first address that is not a
        trusted proxy's. What a client wrote in front of it has no effect.

        Parameters
        ----------
        peer : str
            Address of the other end of the connection.
        forwarded_for : iterable of str
            Values of all headers X-Forwarded-For, in order.
        """
        client = peer
        hops = [hop for value in forwarded_for for hop in value.split(",")][-_MAX_HOPS:]
        while client in self and hops:
            found = _parse_address(hops.pop().strip())
            if found is None:
                break
            client = found
        return client


def _parse_address(text: str) -> str | None:
    """An address without a port, in its usual spelling; None if it is not an address."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        parsed = ip_address(text)
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return str(mapped or parsed)
