"""An HTTP proxy in front of S3 that now and then answers as a troubled S3 does, or not at all.

Which requests are spoilt is decided by their paths alone, so that threads and timing change nothing.
Not here: what the program makes of it (test_s3_faults.py).
"""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from threading import Lock, Thread
from urllib.parse import urlsplit

from pdfme_dagster.local.ports import LOOPBACK, free_port, give_back

_SLOW_SECONDS = 1.5
_OF_ONE_CONNECTION = {"connection", "transfer-encoding", "keep-alive", "content-length"}


class Fault(StrEnum):
    """What may happen to a request."""

    INTERNAL_ERROR = "500"
    SLOW_DOWN = "503"
    SLOW = "a late answer"
    CUT_BEFORE = "a connection cut before the request is done"
    CUT_AFTER = "a connection cut after it is done"
    TORN = "half an answer"


_ERRORS = {Fault.INTERNAL_ERROR: (500, "InternalError"), Fault.SLOW_DOWN: (503, "SlowDown")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """Of all requests, by method and path, a ``share`` is spoilt in one of these ways, so many ``times``."""

    kinds: tuple[Fault, ...]
    share: float
    times: int
    _asked: Counter[str] = field(default_factory=Counter)
    _lock: Lock = field(default_factory=Lock)

    def choose(self, request: str) -> Fault | None:
        """Return what happens to this request now, None when it is served."""
        rng = Random(request)
        if rng.random() >= self.share:
            return None
        with self._lock:
            self._asked[request] += 1
            asked = self._asked[request]
        return (
            self.kinds[(rng.randrange(len(self.kinds)) + asked) % len(self.kinds)]
            if asked <= self.times
            else None
        )

    @property
    def struck(self) -> int:
        """How many answers were spoilt."""
        return sum(min(asked, self.times) for asked in self._asked.values())


@contextmanager
def fault_proxy(endpoint_url: str, faults: Faults) -> Iterator[str]:
    """Yield the address of a proxy in front of an endpoint."""
    port = free_port(0)
    server = _Server((LOOPBACK, port), urlsplit(endpoint_url).netloc, faults)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://{LOOPBACK}:{port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        give_back(port)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], target: str, faults: Faults) -> None:
        super().__init__(address, _Handler)
        self.target, self.faults = target, faults


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.server.faults.choose(f"{self.command} {self.path}")
        if fault in _ERRORS:
            self.refuse(*_ERRORS[fault])
        elif fault is Fault.CUT_BEFORE:
            self.close_connection = True
        else:
            time.sleep(_SLOW_SECONDS if fault is Fault.SLOW else 0)
            self.relay(body, fault)

    do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = serve  # noqa: N815  the base class asks for these

    def relay(self, body: bytes, fault: Fault | None) -> None:
        connection = HTTPConnection(self.server.target, timeout=60)
        try:
            connection.request(self.command, self.path, body=body, headers=dict(self.headers.items()))
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if fault is Fault.CUT_AFTER:
            self.close_connection = True
        else:
            self.answer(answer, content, torn=fault is Fault.TORN)

    def answer(self, answer: HTTPResponse, content: bytes, *, torn: bool) -> None:
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in _OF_ONE_CONNECTION:
                self.send_header(name, value)
        length = answer.getheader("Content-Length") if self.command == "HEAD" else str(len(content))
        self.send_header("Content-Length", length or "0")
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if torn else content)
        self.close_connection = torn or self.close_connection

    def refuse(self, status: int, code: str) -> None:
        content = f"<Error><Code>{code}</Code><Message>made so</Message></Error>".encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  named so by the base class
        """Say nothing."""
