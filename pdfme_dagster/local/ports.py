"""Which TCP port of the loopback interface a service may listen on.

Not here: which ports were used last time; services.py remembers those.
"""

import os
import random
import socket
from contextlib import suppress

LOOPBACK = "127.0.0.1"
# Linux hands out ports from 32768 up to outgoing connections: below it nobody takes ours by chance.
_RANDOM_PORTS = range(20000, 32768)
# Each with a UDP socket of the same number, which nobody talks to: until it is closed, no other program of
# ours gets the port. Two that start at once would both find it free, and two gRPC servers even share it.
_handed_out: dict[int, int] = {}  # by port, its socket's descriptor


def free_port(preferred: int) -> int:
    """Return ``preferred`` if nobody listens there, else a free port below 32768; none is given twice.

    It is the caller's until ``give_back``, or until this process ends.
    """
    start = random.randrange(len(_RANDOM_PORTS))  # noqa: S311 - spreads servers over ports, no secret
    shuffled = (_RANDOM_PORTS[(start + step) % len(_RANDOM_PORTS)] for step in range(len(_RANDOM_PORTS)))
    for port in (preferred, *shuffled):
        if port > 0 and port not in _handed_out and is_free(port) and _reserve(port):
            return port
    raise OSError(
        f"no free TCP port on {LOOPBACK} between {_RANDOM_PORTS.start} and {_RANDOM_PORTS.stop - 1}"
    )


def give_back(port: int) -> None:
    """Let ``port`` be handed out again: what listened there has stopped."""
    if port in _handed_out:
        os.close(_handed_out.pop(port))


def _reserve(port: int) -> bool:
    with socket.socket(type=socket.SOCK_DGRAM) as reserved, suppress(OSError):
        reserved.bind((LOOPBACK, port))
        _handed_out[port] = reserved.detach()
    return port in _handed_out


def is_free(port: int) -> bool:
    """Say whether a server could listen on ``port`` of the loopback interface now."""
    with socket.socket() as probe:
        # BSD lets one bind 127.0.0.1 below another's 0.0.0.0, so ask first whether somebody answers.
        if probe.connect_ex((LOOPBACK, port)) == 0:
            return False
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # our own TIME_WAIT is no obstacle
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
