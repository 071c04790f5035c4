"""A pretend clock: everything that the database remembers, moved into the past.

Not here: what is done about it.
"""

import psycopg


def age(psql: psycopg.Connection, *, days: float) -> None:
    """Make all jobs, runs and events this many days older."""
    past = {"days": f"{days} days", "seconds": days * 86_400}
    psql.execute(
        "UPDATE processing_jobs SET created_at = created_at - %(days)s::interval, "
        "completed_at = completed_at - %(days)s::interval",
        past,
    )
    psql.execute(
        "UPDATE runs SET create_timestamp = create_timestamp - %(days)s::interval, "
        "update_timestamp = update_timestamp - %(days)s::interval, "
        "start_time = start_time - %(seconds)s, end_time = end_time - %(seconds)s",
        past,
    )
    psql.execute("UPDATE event_logs SET timestamp = timestamp - %(days)s::interval", past)
