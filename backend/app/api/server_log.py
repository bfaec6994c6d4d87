"""gunicorn's own lines as JSON: `gunicorn --logger-class app.api.server_log.ServerLog`."""

from typing import Any

from gunicorn.glogging import Logger  # type: ignore[import-untyped]

from app.logs import configure_logging


class ServerLog(Logger):  # type: ignore[misc] # gunicorn has no types
    """Sends gunicorn's messages through the house's handler; requests are in access_log.py."""

    def setup(self, cfg: Any) -> None:
        """Runs in the master, before the app is imported."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True
        configure_logging(cfg.loglevel)
