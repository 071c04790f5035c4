"""Group commit: how many waiting jobs go into how many runs right now. Pure arithmetic.

Not here: which jobs those are (stores/jobs.py) or how a run is asked for (defs/uploads_sensor.py).
"""

# A second run costs the daemon and its worker about as much as rendering this many files.
_FILES_WORTH_A_RUN = 100
# Runs kept waiting in the broker, so that a worker that finishes finds its next run at once.
WAITING_RUNS = 2


def plan_runs(*, pending: int, live_runs: int, workers: int, max_files: int) -> list[int]:
    """Return the sizes of the runs to start now, each at most ``max_files``; empty when it is better to wait.

    While a worker is free, everything pending goes, split evenly over the free workers. While all are busy, a
    trickle of files gathers into one run instead of many; what is worth a run of its own goes ahead and waits
    in the broker, so that no worker is ever idle between two ticks of month end.
    """
    free = max(0, workers + WAITING_RUNS - live_runs)
    idle = max(0, workers - live_runs)
    nobody_waits = live_runs <= workers
    full = pending // max_files
    if idle:
        wanted = max(_ceil(pending, max_files), min(idle, _ceil(pending, _FILES_WORTH_A_RUN)))
    elif nobody_waits:
        wanted = max(full, min(WAITING_RUNS, pending // _FILES_WORTH_A_RUN))
    else:
        wanted = full
    runs = min(free, wanted)
    return _split(min(pending, runs * max_files), runs)


def admissible(*, rate_per_second: int, window_seconds: int, recent: int, pending: int) -> int:
    """Return how many of ``pending`` jobs the rate limit lets go now; a rate of 0 means no limit.

    ``recent`` counts what went during the last ``window_seconds``, over all watchers.
    """
    if not rate_per_second:
        return pending
    return max(0, min(pending, rate_per_second * window_seconds - recent))


def _split(total: int, parts: int) -> list[int]:
    if not parts:
        return []
    size, larger = divmod(total, parts)
    return [size + (part < larger) for part in range(parts)]


def _ceil(number: int, divisor: int) -> int:
    return -(-number // divisor)
