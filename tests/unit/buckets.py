"""A real server with S3's protocol (moto's), and one that answers as it is told."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from moto.server import ThreadedMotoServer
from pydantic import SecretStr

from app.settings import Settings

BUCKET = "fiscal-pdfs"
KEY_ID, SECRET = "AKIDINVENTADO", "hunter2-hunter2"


def bucket_at(url: str, **changes: Any) -> Settings:
    """Returns settings with the bucket at `url` as the store of PDFs."""
    values: dict[str, Any] = {
        "pdf_store": "s3",
        "pdf_store_s3_bucket": BUCKET,
        "pdf_store_s3_prefix": "f29/",
        "pdf_store_s3_region": "us-east-1",
        "pdf_store_s3_endpoint_url": url,
        "pdf_store_s3_access_key_id": SecretStr(KEY_ID),
        "pdf_store_s3_secret_access_key": SecretStr(SECRET),
    }
    return Settings(**values | changes)


@contextmanager
def s3_server() -> Iterator[str]:
    """Yields the URL of moto's server on a free port, without any bucket."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@contextmanager
def refusing_server(status: int, code: str) -> Iterator[str]:
    """Yields the URL of a server that answers everything with one error of S3's; status 0 hangs
    up instead."""

    class Refusal(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.close_connection = True
            if status:
                text = f"<Error><Code>{code}</Code><Message>{KEY_ID} must not</Message></Error>"
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

        do_GET = do_PUT = answer

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Refusal)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
