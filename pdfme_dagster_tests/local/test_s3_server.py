"""The guard before the S3 emulator: our key or nothing."""

import asyncio

import pytest

from pdfme_dagster.local.s3_server import HEALTH_PATH, Message, Receive, Scope, Send, guard, is_allowed

HEADER = b"AWS4-HMAC-SHA256 Credential=OURS/20300101/us-east-1/s3/aws4_request, SignedHeaders=host"


def request(path: str = "/pdfs/a", *, header: bytes = b"", query: bytes = b"") -> Scope:
    headers = [(b"authorization", header)] if header else []
    return {"type": "http", "path": path, "headers": headers, "query_string": query}


@pytest.mark.parametrize(
    "scope",
    [
        request(header=HEADER),
        request(query=b"X-Amz-Credential=OURS%2F20300101%2Fus-east-1%2Fs3%2Faws4_request"),
        request(query=b"AWSAccessKeyId=OURS&Signature=x&Expires=1"),
        request(HEALTH_PATH),
    ],
    ids=["header", "presigned", "presigned the old way", "health"],
)
def test_request_with_our_key_passes(scope: Scope) -> None:
    assert is_allowed(scope, "OURS")


@pytest.mark.parametrize(
    "scope",
    [
        request(),
        request(header=HEADER.replace(b"OURS", b"OURS2")),
        request(query=b"X-Amz-Credential=THEIRS%2F20300101"),
        request("/_ministack/reset", header=HEADER),
        request("/_localstack/state/reset", header=HEADER),
    ],
    ids=["no key", "another key", "another key, presigned", "reset", "the other reset"],
)
def test_any_other_request_is_refused(scope: Scope) -> None:
    assert not is_allowed(scope, "OURS")


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/pdfs/900/a.pdf"), ("GET", "/pdfs/"), ("GET", "/uploads/a.txt")]
)
def test_without_our_key_nothing_is_written_listed_or_read_but_a_pdf(method: str, path: str) -> None:
    assert not is_allowed({**request(path), "method": method}, "OURS")
    assert is_allowed({**request("/pdfs/900/a.pdf"), "method": "GET"}, "OURS")


def send_through_guard(scope: Scope) -> tuple[list[Message], list[Scope]]:
    sent: list[Message] = []
    reached: list[Scope] = []

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        reached.append(scope)

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    async def run() -> None:
        await guard(application, access_key="OURS")(scope, receive, send)

    asyncio.run(run())
    return sent, reached


def test_refusal_is_a_403_that_never_reaches_the_emulator() -> None:
    sent, reached = send_through_guard(request())
    assert sent[0]["status"] == 403
    assert b"AccessDenied" in sent[1]["body"]
    assert reached == []


def test_start_and_stop_of_the_server_pass() -> None:
    assert send_through_guard({"type": "lifespan"}) == ([], [{"type": "lifespan"}])


def test_websockets_are_closed() -> None:
    sent, reached = send_through_guard({"type": "websocket", "path": "/"})
    assert (sent[0]["type"], reached) == ("websocket.close", [])
