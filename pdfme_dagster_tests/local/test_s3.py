"""The embedded S3 endpoint: the parts of S3 this project leans on, and its closed doors."""

from collections.abc import Callable
from dataclasses import replace
from http.client import HTTPConnection
from typing import TYPE_CHECKING
from urllib.request import urlopen

import botocore.exceptions
import pytest

from pdfme_dagster.errors import ServiceError
from pdfme_dagster.local.ports import LOOPBACK, free_port
from pdfme_dagster.local.services import EmbeddedServices

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def test_read_of_a_replaced_object_is_refused(s3: "S3Client", bucket: Callable[[str], str]) -> None:
    name = bucket("uploads")
    first = s3.put_object(Bucket=name, Key="a.txt", Body=b"one")["ETag"]
    s3.put_object(Bucket=name, Key="a.txt", Body=b"two")
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        s3.get_object(Bucket=name, Key="a.txt", IfMatch=first)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 412


def test_only_the_first_conditional_write_wins(s3: "S3Client", bucket: Callable[[str], str]) -> None:
    name = bucket("pdfs")
    s3.put_object(Bucket=name, Key="a.pdf", Body=b"one", IfNoneMatch="*")
    with pytest.raises(botocore.exceptions.ClientError):
        s3.put_object(Bucket=name, Key="a.pdf", Body=b"two", IfNoneMatch="*")
    assert s3.get_object(Bucket=name, Key="a.pdf")["Body"].read() == b"one"


def test_presigned_address_works_without_headers(s3: "S3Client", bucket: Callable[[str], str]) -> None:
    name = bucket("pdfs")
    s3.put_object(Bucket=name, Key="a.pdf", Body=b"%PDF")
    address = s3.generate_presigned_url("get_object", Params={"Bucket": name, "Key": "a.pdf"})
    with urlopen(address) as answer:
        assert answer.read() == b"%PDF"


def test_another_access_key_is_refused(services: EmbeddedServices) -> None:
    client = replace(services.endpoints.s3, access_key="SOMEBODY").open_client()
    with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
        client.list_buckets()
    client.close()


def test_reset_of_the_emulator_is_closed(
    services: EmbeddedServices, s3: "S3Client", bucket: Callable[[str], str]
) -> None:
    name = bucket("pdfs")
    connection = HTTPConnection(LOOPBACK, services.endpoints.s3.port)
    connection.request("POST", "/_ministack/reset")
    assert connection.getresponse().status == 403
    connection.close()
    assert s3.head_bucket(Bucket=name)["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_creating_a_bucket_again_keeps_what_is_in_it(
    services: EmbeddedServices, s3: "S3Client", bucket: Callable[[str], str]
) -> None:
    name = bucket("uploads")
    s3.put_object(Bucket=name, Key="a.txt", Body=b"one")
    services.endpoints.s3.create_buckets([name])
    assert s3.list_objects_v2(Bucket=name)["KeyCount"] == 1


def test_impossible_bucket_name_is_said(services: EmbeddedServices) -> None:
    with pytest.raises(ServiceError, match="refused bucket 'A'"):
        services.endpoints.s3.create_buckets(["A"])


def test_server_that_is_not_there_is_not_ready(services: EmbeddedServices) -> None:
    assert services.endpoints.s3.is_ready()
    assert not replace(services.endpoints.s3, port=free_port(0)).is_ready()
