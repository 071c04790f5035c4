"""Which TCP port of the loopback interface a service may listen on.

Not here: which ports were used last time; services.py remembers those.
"""

import random
import socket

LOOPBACK = "127.0.0.1"
# Linux hands out ports from 32768 up to outgoing connections: below it nobody takes ours by chance.
_RANDOM_PORTS = range(20000, 32768)
_handed_out: set[int] = set()


def free_port(preferred: int) -> int:
    """Return ``preferred`` if nobody listens there, else a free port below 32768; none is given twice."""
    start = random.randrange(len(_RANDOM_PORTS))  # noqa: S311 - spreads servers over ports, no secret
    shuffled = (_RANDOM_PORTS[(start + step) % len(_RANDOM_PORTS)] for step in range(len(_RANDOM_PORTS)))
    for port in (preferred, *shuffled):
        if port > 0 and port not in _handed_out and is_free(port):
            _handed_out.add(port)
            return port
    raise OSError(
        f"no free TCP port on {LOOPBACK} between {_RANDOM_PORTS.start} and {_RANDOM_PORTS.stop - 1}"
    )


def give_back(port: int) -> None:
    """Let ``port`` be handed out again: what listened there has stopped."""
    _handed_out.discard(port)


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
