"""The embedded S3 endpoint: its command, when it is ready, and its buckets.

Not here: the server itself (s3_server.py), or what the objects are.
"""

import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TYPE_CHECKING

from pdfme_dagster.errors import ServiceError
from pdfme_dagster.local.ports import LOOPBACK
from pdfme_dagster.local.processes import Program, inherited_environment
from pdfme_dagster.local.s3_server import HEALTH_PATH

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

REGION = "us-east-1"
_ANSWER_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class S3:
    """An emulator over plain files in ``<home>/s3`` that listens on the loopback interface only.

    It checks no signature, only that a request carries our access key: never put it on a network.
    """

    home: Path
    port: int
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)

    @property
    def directory(self) -> Path:
        """Where objects and the emulator's own notes live."""
        return self.home / "s3"

    @property
    def url(self) -> str:
        """The endpoint; address buckets by path, not by host name."""
        return f"http://{LOOPBACK}:{self.port}"

    def program(self) -> Program:
        """Return how to run the server."""
        return Program(
            name="s3",
            # -P: a module of the same name in the working directory is not ours.
            command=(sys.executable, "-P", "-m", "pdfme_dagster.local.s3_server"),
            environment=inherited_environment() | self._settings(),
            directory=self.directory,
            restarts=True,
            prepare=self._create_directories,
        )

    def is_ready(self) -> bool:
        """Say whether the server answers."""
        try:
            return self._request("GET", HEALTH_PATH) == HTTPStatus.OK
        except (OSError, HTTPException):
            return False

    def create_buckets(self, names: Iterable[str]) -> None:
        """Create buckets unless they exist: an empty one vanishes when the server is killed."""
        for name in names:
            status = self._request("PUT", f"/{name}")
            # 409 is what S3 says of a bucket one owns already, outside of its oldest region.
            if status not in (HTTPStatus.OK, HTTPStatus.CONFLICT):
                raise ServiceError(f"the S3 endpoint at {self.url} refused bucket {name!r} (status {status})")

    def open_client(self) -> "S3Client":
        """Return a client with the right address, keys and addressing; close it."""
        # Imported here: it takes longer than all three services need to start.
        import boto3
        from botocore.config import Config

        return boto3.session.Session().client(
            "s3",
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            config=Config(s3={"addressing_style": "path"}, retries={"mode": "standard", "max_attempts": 5}),
        )

    def _request(self, method: str, path: str) -> int:
        """Send a request that carries our key, which is all the server looks at; return the status."""
        credential = f"Credential={self.access_key}/20000101/{REGION}/s3/aws4_request"
        headers = {"Authorization": f"AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=none"}
        connection = HTTPConnection(LOOPBACK, self.port, timeout=_ANSWER_SECONDS)
        try:
            connection.request(method, path, headers=headers)
            return connection.getresponse().status
        finally:
            connection.close()

    def _create_directories(self) -> None:
        for directory in (self.directory, self.directory / "objects", self.directory / "state"):
            directory.mkdir(mode=0o700, exist_ok=True)

    def _settings(self) -> dict[str, str]:
        return {
            "SERVICES": "s3",
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(self.directory / "objects"),
            "PERSIST_STATE": "1",
            "STATE_DIR": str(self.directory / "state"),
            "BIND_HOST": LOOPBACK,
            "GATEWAY_PORT": str(self.port),
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            "LOG_LEVEL": "WARNING",
            "AWS_ACCESS_KEY_ID": self.access_key,
            # At its start the emulator removes what it takes for its own containers: there are none.
            "DOCKER_HOST": f"unix://{self.directory / 'no-docker.sock'}",
        }
