"""The S3 server process: an emulator behind a guard, on the loopback interface only.

Run as ``python -m pdfme_dagster.local.s3_server`` with the environment S3.program() gives. Not here: when to
start or stop it, and where its files are.
"""

import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

HEALTH_PATH = "/_ministack/health"
_ADMINISTRATION = ("/_ministack/", "/_localstack/", "/_aws/")
_FORBIDDEN = b"<Error><Code>AccessDenied</Code><Message>not the access key of this endpoint</Message></Error>"

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


def guard(application: Application, *, access_key: str) -> Application:
    """Return the application with all but S3 requests that carry ``access_key`` refused.

    The emulator itself obeys anybody: one POST to its reset address, from any web page open on this machine,
    would wipe every object.
    """

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or (scope["type"] == "http" and is_allowed(scope, access_key)):
            await application(scope, receive, send)
        elif scope["type"] == "http":
            await _refuse(send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    return guarded


def is_allowed(scope: Scope, access_key: str) -> bool:
    """Say whether a request asks for health, for one PDF, or for S3 with our key in header or query.

    A PDF needs no key: a browser has none when the operator follows a link in the Dagster UI. Its address is
    hard to guess, nothing can be listed without the key, and only this machine can ask.
    """
    if scope["path"] == HEALTH_PATH:
        return True
    if scope["path"].startswith(_ADMINISTRATION):
        return False
    if scope.get("method") in {"GET", "HEAD"} and scope["path"].endswith(".pdf"):
        return True
    header = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")
    query = parse_qs(scope["query_string"].decode("latin-1"))
    presigned = query.get("X-Amz-Credential", query.get("AWSAccessKeyId", [""]))[0]
    return f"Credential={access_key}/" in header or presigned.split("/")[0] == access_key


async def _refuse(send: Send) -> None:
    headers = [(b"content-type", b"application/xml"), (b"content-length", str(len(_FORBIDDEN)).encode())]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": _FORBIDDEN})


def main() -> None:
    """Serve until SIGTERM."""
    # Imported here: the emulator reads its environment then, and the supervisor needs none of this.
    import uvicorn
    from ministack.app import app

    guarded: Any = guard(app, access_key=os.environ["AWS_ACCESS_KEY_ID"])
    uvicorn.run(
        guarded,
        host=os.environ["BIND_HOST"],
        port=int(os.environ["GATEWAY_PORT"]),
        log_level="warning",
        access_log=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
    )


if __name__ == "__main__":
    main()
