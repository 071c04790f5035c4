"""Ports: the wished one, or another that is really free."""

import socket
import subprocess
import sys

import pytest

from pdfme_dagster.local import ports
from pdfme_dagster.local.ports import LOOPBACK, free_port, give_back, is_free


def listen(address: str = LOOPBACK, port: int = 0) -> socket.socket:
    server = socket.create_server((address, port))
    server.listen()
    return server


def test_preferred_port_is_given_when_free() -> None:
    port = free_port(0)
    give_back(port)
    assert free_port(port) == port


def test_taken_port_is_replaced_by_one_outside_the_range_of_outgoing_connections() -> None:
    with listen() as server:
        taken = server.getsockname()[1]
        port = free_port(taken)
    assert port != taken
    assert 1024 < port < 32768


def test_port_taken_on_all_interfaces_is_not_free() -> None:
    with listen("0.0.0.0") as server:
        assert not is_free(server.getsockname()[1])


def test_same_port_is_never_given_twice() -> None:
    first = free_port(0)
    assert free_port(first) != first


HOLD = """
import sys
from pdfme_dagster.local.ports import free_port
print(free_port(int(sys.argv[1])), flush=True)
sys.stdin.read()
"""


def test_two_programs_that_start_at_once_get_different_ports() -> None:
    wished = free_port(0)
    give_back(wished)
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(wished)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert int(other.stdout.readline()) == wished
        assert is_free(wished)  # it does not listen yet
        assert free_port(wished) != wished
    assert free_port(wished) == wished  # the other has ended


def test_no_free_port_at_all_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "is_free", lambda port: False)
    with pytest.raises(OSError, match=r"no free TCP port on 127\.0\.0\.1 between 20000 and 32767"):
        free_port(5432)


def test_port_is_free_again_after_its_server_closed_an_accepted_connection() -> None:
    with listen(port=free_port(0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection((LOOPBACK, port)):
            server.accept()[0].close()
    assert is_free(port)
