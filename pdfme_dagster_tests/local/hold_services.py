"""A supervisor to kill: start the services of a home, say where they are, and keep them until told to stop.

Run as ``python -m pdfme_dagster_tests.local.hold_services HOME [--orphan]``. With ``--orphan`` the kernel
does not kill the children with it, as on macOS. Not here: any check.
"""

import json
import sys
import time
from contextlib import suppress
from pathlib import Path

from pdfme_dagster.local import processes
from pdfme_dagster.local.processes import ParentWatch, interrupted_by_stop_signals
from pdfme_dagster.local.services import start_services

ANY_PORTS = {"postgres": 0, "valkey": 0, "s3": 0}


def main(home: Path, *options: str) -> None:
    """Hold the services of ``home`` until SIGTERM."""
    if "--orphan" in options:
        processes._prepare_death_with_parent = lambda: None
    with (
        suppress(KeyboardInterrupt),
        interrupted_by_stop_signals(),
        start_services(home, buckets=("uploads", "pdfs"), preferred_ports=ANY_PORTS) as services,
    ):
        sys.stdout.write(json.dumps(services.environment()) + "\n")
        sys.stdout.flush()
        services.supervise(_wait, ParentWatch())


def _wait(seconds: float) -> bool:
    time.sleep(seconds)
    return False


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
