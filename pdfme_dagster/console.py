"""How tables on the console look. Not here: what is in them (summary.py, job_tables.py)."""

from rich import box
from rich.table import Table


def make_table(title: str) -> Table:
    """Return a table without columns yet, as all of ours look."""
    return Table(
        title=f"\n{title}",
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
