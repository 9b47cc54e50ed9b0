"""The port is free when `make run` looks, and taken when its controller wants to listen."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.system.product import START_SECONDS, Product, eventually


class _Friendly(BaseHTTPRequestHandler):
    """Answers 200 to everything, as another Mailprobe would to /readyz."""

    def do_GET(self) -> None:
        if self.headers.get("Authorization"):
            self.send_error(401)
            return
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        pass


@contextmanager
def listening_at(port: int) -> Iterator[None]:
    with ThreadingHTTPServer(("127.0.0.1", port), _Friendly) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def test_a_port_that_is_taken_meanwhile_is_named(new_product: Product) -> None:
    process = new_product.begin()
    eventually(lambda: "PostgreSQL" in new_product.output(), "the port was found free")
    with listening_at(new_product.port):
        assert process.wait(START_SECONDS) == 1
    said = new_product.output().splitlines()[-1]
    assert said.startswith(
        ("mailprobe-local: controller does not stay up: ", "mailprobe-local: controller is not ready")
    )
    reason = f"mailprobe-controller: cannot listen on 127.0.0.1 port {new_product.port}: Address already in use"
    assert said.endswith(f": {reason}")
    assert "Mailprobe runs" not in new_product.output()
