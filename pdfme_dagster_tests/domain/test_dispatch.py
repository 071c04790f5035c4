"""Group commit as arithmetic. Not here: which jobs go (../stores/test_jobs.py)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdfme_dagster.domain.dispatch import admissible, plan_runs

AHEAD = 2
WORTH_A_RUN = 100


@pytest.mark.parametrize(
    ("pending", "live_runs", "sizes"),
    [
        (0, 0, []),
        (1, 0, [1]),
        (100, 0, [100]),
        (101, 0, [51, 50]),
        (5000, 0, [1250, 1250, 1250, 1250]),
        (9000, 0, [1250, 1250, 1250, 1250]),
        (2000, 1, [1000, 1000]),
        (99, 1, [99]),
        (99, 2, []),
        (100, 2, [100]),
        (199, 2, [199]),
        (200, 2, [100, 100]),
        (2499, 2, [1250, 1249]),
        (9000, 2, [1250, 1250]),
        (1249, 3, []),
        (2499, 3, [1250]),
        (9000, 3, [1250]),
        (9000, 4, []),
        (9000, 9, []),
    ],
)
def test_two_workers_get_these_runs(pending: int, live_runs: int, sizes: list[int]) -> None:
    assert plan_runs(pending=pending, live_runs=live_runs, workers=2, max_files=1250) == sizes


COUNTS = st.integers(0, 30_000)
LIVE = st.integers(0, 40)
WORKERS = st.integers(1, 32)
MAX_FILES = st.integers(1, 2_000)


@given(pending=COUNTS, live_runs=LIVE, workers=WORKERS, max_files=MAX_FILES)
def test_runs_hold_no_more_than_is_pending_allowed_and_free(
    pending: int, live_runs: int, workers: int, max_files: int
) -> None:
    sizes = plan_runs(pending=pending, live_runs=live_runs, workers=workers, max_files=max_files)
    assert sum(sizes) <= pending
    assert all(0 < size <= max_files for size in sizes)
    assert len(sizes) <= max(0, workers + AHEAD - live_runs)


@given(pending=COUNTS, live_runs=LIVE, workers=WORKERS, max_files=MAX_FILES)
def test_work_is_split_evenly(pending: int, live_runs: int, workers: int, max_files: int) -> None:
    sizes = plan_runs(pending=pending, live_runs=live_runs, workers=workers, max_files=max_files)
    assert max(sizes, default=0) - min(sizes, default=0) <= 1


@given(pending=COUNTS, workers=WORKERS, max_files=MAX_FILES)
def test_only_runs_worth_their_cost_go_ahead_while_all_workers_are_busy(
    pending: int, workers: int, max_files: int
) -> None:
    sizes = plan_runs(pending=pending, live_runs=workers, workers=workers, max_files=max_files)
    assert all(size >= min(WORTH_A_RUN, max_files) for size in sizes)
    assert bool(sizes) == (pending >= min(WORTH_A_RUN, max_files))


@given(pending=COUNTS, waiting=st.integers(1, 40), workers=WORKERS, max_files=MAX_FILES)
def test_only_full_runs_join_one_that_waits_already(
    pending: int, waiting: int, workers: int, max_files: int
) -> None:
    sizes = plan_runs(pending=pending, live_runs=workers + waiting, workers=workers, max_files=max_files)
    assert set(sizes) <= {max_files}


@given(pending=COUNTS, idle=st.integers(1, 32), workers=WORKERS, max_files=MAX_FILES)
def test_everything_that_fits_goes_while_a_worker_is_idle(
    pending: int, idle: int, workers: int, max_files: int
) -> None:
    live_runs = max(0, workers - idle)
    sizes = plan_runs(pending=pending, live_runs=live_runs, workers=workers, max_files=max_files)
    assert sum(sizes) == min(pending, (workers - live_runs + AHEAD) * max_files)


@given(pending=st.integers(1, 30_000), workers=WORKERS, max_files=MAX_FILES)
def test_no_file_waits_for_ever(pending: int, workers: int, max_files: int) -> None:
    # However few there are: once the runs that are on have ended, the next tick takes some.
    assert plan_runs(pending=pending, live_runs=0, workers=workers, max_files=max_files)


@pytest.mark.parametrize(
    ("rate", "recent", "pending", "allowed"),
    [(0, 9999, 500, 500), (50, 0, 400, 400), (50, 0, 900, 500), (50, 480, 900, 20), (50, 700, 900, 0)],
)
def test_the_rate_limit_counts_what_went_in_the_window(
    rate: int, recent: int, pending: int, allowed: int
) -> None:
    assert admissible(rate_per_second=rate, window_seconds=10, recent=recent, pending=pending) == allowed


@given(rate=st.integers(1, 500), recent=COUNTS, pending=COUNTS)
def test_no_window_lets_more_through_than_the_rate(rate: int, recent: int, pending: int) -> None:
    allowed = admissible(rate_per_second=rate, window_seconds=10, recent=recent, pending=pending)
    assert 0 <= allowed <= pending
    assert allowed == 0 or recent + allowed <= 10 * rate
