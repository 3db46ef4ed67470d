"""Through a real server: what is too big is answered 413, whether or not its length was announced."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
import uvicorn

from tokenproject.body_limits import IMPORT_PATH, MIB, BodyGuard, Receive, Scope, Send, limit_for


class Reader:
    """An app that reads the whole body before it answers, as Django does."""

    def __init__(self) -> None:
        self.read = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            self.read += len(message["body"])
            if not message["more_body"]:
                break
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
        await send({"type": "http.response.body", "body": b"done"})


@pytest.fixture
def reader() -> Reader:
    return Reader()


@pytest.fixture
def address(reader: Reader) -> Iterator[tuple[str, int]]:
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(BodyGuard(reader), lifespan="off", log_config=None, access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield listening.getsockname()
    server.should_exit = True
    thread.join()


def send(address: tuple[str, int], head: str, chunks: int = 0) -> Any:
    """Status and body of the answer to a POST with this head and so many chunks of 1 MiB."""
    with socket.create_connection(address, timeout=60) as connection:
        connection.sendall(f"POST {head}Host: x\r\nConnection: close\r\n\r\n".encode())
        piece = b"100000\r\n" + b"x" * MIB + b"\r\n"
        try:
            for _ in range(chunks):
                connection.sendall(piece)
            connection.sendall(b"0\r\n\r\n" if chunks else b"")
        except OSError:
            pass  # answered and closed before we had said everything
        answer = b""
        try:
            while data := connection.recv(65536):
                answer += data
        except ConnectionResetError:
            pass
    head_, _, body = answer.partition(b"\r\n\r\n")
    return int(head_.split()[1]), body


def test_an_announced_size_is_refused_before_anything_is_read(address: tuple[str, int], reader: Reader) -> None:
    status, body = send(address, f"/api/v1/x HTTP/1.1\r\nContent-Length: {8 * MIB + 1}\r\n")
    assert status == 413
    assert orjson.loads(body)["error"]["code"] == "payload_too_large"
    assert reader.read == 0


def test_a_size_that_was_not_announced_is_counted(address: tuple[str, int], reader: Reader) -> None:
    status, body = send(address, "/api/v1/x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n", chunks=9)
    assert status == 413
    assert orjson.loads(body)["error"]["params"] == {"limit": 8 * MIB}
    assert reader.read <= 8 * MIB


def test_what_fits_passes(address: tuple[str, int], reader: Reader) -> None:
    assert send(address, "/api/v1/x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n", chunks=8) == (200, b"done")
    assert reader.read == 8 * MIB


def test_an_import_may_be_bigger(address: tuple[str, int]) -> None:
    assert limit_for(IMPORT_PATH) == 64 * MIB
    status, _ = send(address, f"{IMPORT_PATH} HTTP/1.1\r\nTransfer-Encoding: chunked\r\n", chunks=9)
    assert status == 200
