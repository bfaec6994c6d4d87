"""`app`, which `celery -A app.infrastructure.celery` finds: built when somebody first asks for it.

Who only looks at queues or at the topology, as the metrics do, is spared Celery's 40 MB.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.infrastructure.celery.application import app as app


def __getattr__(name: str) -> Any:
    if name != "app":
        raise AttributeError(f"{__name__} has no {name}")
    from app.infrastructure.celery.application import app

    return app
