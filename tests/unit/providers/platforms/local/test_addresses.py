import socket
from pathlib import Path

import pytest

from smartspec_rollback.errors import NotDone
from smartspec_rollback.providers.platforms.local.addresses import (
    Address,
    free_ports,
    is_free,
    listen_address,
)


@pytest.mark.parametrize(
    ("listen", "url"),
    [
        ("127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("localhost:80", "http://127.0.0.1:80"),
        ("0.0.0.0:8000", "http://127.0.0.1:8000"),
        ("[::]:8000", "http://[::1]:8000"),
    ],
)
def test_front_door(listen: str, url: str) -> None:
    """Probes are sent to an address that nobody can be reached by."""
    assert listen_address(listen).url == url


@pytest.mark.parametrize("listen", ["127.0.0.1:0", "127.0.0.1:70000", "shop.example:80", "1.2:80"])
def test_odd_addresses_are_refused(listen: str) -> None:
    """The proxy is told an address it cannot listen on, and fails without a word."""
    with pytest.raises(NotDone, match="not an IP address"):
        listen_address(listen)


def test_ports_are_free_and_in_their_range(tmp_path: Path) -> None:
    """Two instances get the same port, or one that somebody else has."""
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        port: int = somebody.getsockname()[1]
        found = list(
            free_ports(f"{port - 2}-{port + 2}", near=tmp_path, taken=frozenset({port - 1}))
        )
        assert not is_free(Address(host="127.0.0.1", port=port))
    assert len(found) == len(set(found))
    assert set(found) <= {port - 2, port + 1, port + 2}


@pytest.mark.parametrize("ports", ["0-10", "30000-20000", "1-99999"])
def test_odd_ranges_are_refused(tmp_path: Path, ports: str) -> None:
    """A range without ports is taken for a host without free ones."""
    with pytest.raises(NotDone, match="not a range"):
        next(free_ports(ports, near=tmp_path, taken=frozenset()))
