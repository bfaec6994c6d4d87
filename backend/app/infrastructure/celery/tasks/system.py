"""Tasks of the machinery itself."""

import os
from typing import Any

from app.infrastructure.celery import app


@app.task(name="system.probe", bind=True)
def probe(self: Any) -> dict[str, Any]:
    """Proves that a queue is consumed; says by whom."""
    return {"worker": self.request.hostname, "pid": os.getpid()}
