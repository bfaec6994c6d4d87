"""Tasks of the machinery itself."""

import os
import time
from typing import Any

from app import bootstrap
from app.infrastructure.celery import app


@app.task(name="system.probe", bind=True)
def probe(self: Any, seconds: float = 0) -> dict[str, Any]:
    """Proves that a queue is consumed; says by whom.

    Keeps its slot for `seconds`, a minute at most: what a long run does to those that wait.
    """
    time.sleep(min(seconds, 60))
    return {"worker": self.request.hostname, "pid": os.getpid()}


@app.task(name="system.reconcile")
def reconcile() -> dict[str, int]:
    """Publishes the runs whose message is missing; ends those that have expired; goes on with
    onboardings that a crash has stopped."""
    from app.infrastructure.db.session import get_session_factory
    from app.services import onboarding, reconciliation

    sessions, publisher = get_session_factory(), bootstrap.publisher()
    done = reconciliation.reconcile(sessions, bootstrap.messages(), publisher)
    return done | {"onboarded": onboarding.advance_some(sessions, publisher)}
