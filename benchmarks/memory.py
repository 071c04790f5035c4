"""How much memory a process has taken. Not here: what it did with it (parse.py, render.py)."""

import resource
import sys


def measure_peak_mib() -> float:
    """Return the peak of this process' resident memory, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20) if sys.platform == "darwin" else peak / 1024
