"""Create the buckets named on the command line; one that exists already is kept as it is.

Not here: which endpoint and credentials (boto3 reads the ``AWS_*`` variables), or what a bucket is for.
"""

import sys
from collections.abc import Iterable
from contextlib import suppress

from pdfme_dagster.stores.objects import make_client


def create_buckets(names: Iterable[str]) -> None:
    """Create each bucket unless we own it; anything else S3 answers is raised."""
    client = make_client(None)
    for name in names:
        with suppress(client.exceptions.BucketAlreadyOwnedByYou):
            client.create_bucket(Bucket=name)
        sys.stdout.write(f"bucket {name} is there\n")


if __name__ == "__main__":
    create_buckets(sys.argv[1:])
