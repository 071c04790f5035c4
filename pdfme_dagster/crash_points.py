"""Named places at which a test may kill this process, to prove that nothing is lost there.

Inert unless ``PDFME_CRASH_FOLDER`` names a folder, which only tests do. Not here: what follows a crash.
"""

import os
import signal
from pathlib import Path
from typing import Literal

CrashPoint = Literal[
    "after-listing",
    "after-insert",
    "after-partitions",
    "after-dispatch",
    "after-claim",
    "mid-parse",
    "mid-render",
    "after-first-put",
    "after-puts",
    "after-complete",
    "after-cache",
]
_FOLDER = "PDFME_CRASH_FOLDER"


def crash_point(name: CrashPoint) -> None:
    """Die by SIGKILL when the folder has a file of this name. Removing it is what arms and counts the crash.

    However many processes pass at once, one of them removes the file and dies.
    """
    folder = os.environ.get(_FOLDER)
    if not folder:
        return
    try:
        Path(folder, name).unlink()
    except OSError:
        return
    os.kill(os.getpid(), signal.SIGKILL)
