"""Runs Flower with every address behind the password, `python -m app.infrastructure.celery.flower`.

Flower 2.2 leaves `/metrics` and its static files open to anyone. Here the router refuses first,
so that an address which a later Flower adds is closed as well; only `/healthcheck` is not.
"""

import os
import sys
from typing import Any

import flower.command
from celery.bin.celery import main as celery_main
from flower.app import Flower
from tornado.httputil import HTTPServerRequest
from tornado.web import RedirectHandler, RequestHandler

from app.errors import ConfigurationError
from app.infrastructure.basic_auth import is_authorised
from app.logs import configure_logging
from app.settings import get_settings

CHALLENGE = 'Basic realm="flower", charset="UTF-8"'


class AccessDenied(RequestHandler):
    """Answers 401 to every method."""

    def check_xsrf_cookie(self) -> None:
        """Lets `prepare` answer: who has no password needs to hear 401 before 403."""

    def prepare(self) -> None:
        self.set_status(401)
        self.set_header("WWW-Authenticate", CHALLENGE)
        self.finish("Access denied")


class ClosedFlower(Flower):
    """Flower that asks for the password before it looks for a handler."""

    def find_handler(self, request: HTTPServerRequest, **kwargs: Any) -> Any:
        """Returns Flower's handler for `request`, or one that answers 401."""
        prefix = f"/{self.options.url_prefix.strip('/')}" if self.options.url_prefix else ""
        if request.path != f"{prefix}/healthcheck" and not is_authorised(
            request.headers.get("Authorization", ""), self.options.basic_auth or ()
        ):
            return self.get_handler_delegate(request, AccessDenied)
        if prefix and request.path == prefix:  # Flower itself answers 404 without the slash
            target = {"url": f"{prefix}/", "permanent": False}
            return self.get_handler_delegate(request, RedirectHandler, target)
        return super().find_handler(request, **kwargs)


def main() -> int:
    """Runs `celery flower` with the closed application; its options come by FLOWER_* variables."""
    configure_logging()
    try:
        get_settings()
    except ConfigurationError as error:
        sys.stderr.write(f"{error.message}\n")
        return os.EX_USAGE
    flower.command.Flower = ClosedFlower
    # Without Tornado's own log lines: ours are JSON.
    sys.argv = ["celery", "-A", "app.infrastructure.celery", "flower", "--logging=none"]
    return int(celery_main() or 0)


if __name__ == "__main__":
    sys.exit(main())
