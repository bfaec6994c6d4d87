"""What happens when a worker starts, forks and publishes: Celery's signals, in one place."""

import logging
import os
import shutil
import sys
import threading
from datetime import UTC, datetime
from functools import partial
from typing import Any

from celery import signals
from celery.utils.log import get_multiprocessing_logger

from app import tracing
from app.errors import FiscalError
from app.infrastructure.celery.acknowledgements import break_connection_when_unacknowledged
from app.infrastructure.celery.checks import foreign_workers, routing_faults, slot_faults
from app.infrastructure.celery.events import send_events_once
from app.infrastructure.celery.heartbeat import Heartbeat
from app.infrastructure.celery.lanes import LaneKeeper
from app.infrastructure.celery.pauses import PauseWatcher
from app.infrastructure.celery.recovery import (
    Recovery,
    own_in_flight_keys,
    stay_alive_while_stopping,
)
from app.infrastructure.celery.reporter import Reporter
from app.infrastructure.celery.run_log import (
    begin_run,
    end_run,
    log_received,
    node,
    run_context,
    silence_celerys_own,
)
from app.infrastructure.celery.topology import QUEUES, TASKS
from app.infrastructure.pdf_store import open_stores
from app.logs import configure_logging
from app.settings import get_settings

logger = logging.getLogger(__name__)


def connect(app: Any) -> None:
    """Connects the handlers below to `app` and its workers."""
    break_connection_when_unacknowledged()
    send_events_once(app)
    app.steps["consumer"].add(Heartbeat)
    app.steps["consumer"].add(LaneKeeper)
    app.steps["consumer"].add(PauseWatcher)
    app.steps["consumer"].add(Recovery)
    app.steps["consumer"].add(Reporter)
    signals.celeryd_init.connect(_on_worker_init)
    signals.setup_logging.connect(_on_setup_logging)
    signals.task_received.connect(log_received)
    signals.task_prerun.connect(begin_run)
    signals.task_postrun.connect(end_run)
    signals.celeryd_after_setup.connect(_on_worker_set_up)
    signals.worker_process_init.connect(_on_child_start)
    signals.worker_ready.connect(_on_worker_ready)
    signals.before_task_publish.connect(_on_publish)
    if tracing.is_on():
        from app.infrastructure.celery import traces

        traces.connect(app)


def _on_setup_logging(loglevel: int | str | None = None, **_: Any) -> None:
    configure_logging(loglevel or logging.INFO, run_context)
    silence_celerys_own()
    get_multiprocessing_logger().propagate = True  # else the pool's warnings come as plain text


def _on_worker_init(sender: str, instance: Any, conf: Any, **_: Any) -> None:
    node["worker"] = sender
    own_in_flight_keys(sender, conf)
    # Celery's signal for a shutdown comes only after the soft one, in which its timers are silent.
    instance.wait_for_soft_shutdown = partial(
        stay_alive_while_stopping,
        sender,
        instance.wait_for_soft_shutdown,
        get_settings().celery_soft_shutdown_seconds,
    )


def _on_worker_set_up(instance: Any, **_: Any) -> None:
    """Refuses to start a worker that could not do its work: one line per reason, exit 64."""
    from app.infrastructure.celery import control  # noqa: F401 (registers a worker's answers)

    queues = list(instance.app.amqp.queues.consume_from)
    faults = routing_faults(instance.app) + _environment_faults(queues)
    faults += slot_faults(get_settings().celery_queue_slots, queues, instance.concurrency)
    if faults:
        sys.stderr.writelines(f"{fault}\n" for fault in faults)
        sys.exit(os.EX_USAGE)


def _environment_faults(queues: list[str]) -> list[str]:
    faults = []
    for name in ("redis_url", "database_url", "secret_keys"):
        try:
            get_settings().require(name)
        except FiscalError as error:
            faults.append(error.message)
    if TASKS["sii.sync_f29_pdfs_missing"] in queues:  # the others need no volume of PDFs
        try:
            open_stores(get_settings())
        except FiscalError as error:
            faults.append(error.message)
    chrome = shutil.which("chromium") and shutil.which("chromedriver")
    faults += [
        f"Queue {queue} needs Chrome and this machine has none; run it on the selenium image."
        for queue in queues
        if QUEUES[queue].needs_chrome and not chrome
    ]
    return faults


def _on_child_start(**_: Any) -> None:
    # A group of its own: a hard time limit then takes Chrome with it (billiard kills the group).
    os.setpgid(0, 0)
    if "app.infrastructure.db.session" in sys.modules:
        from app.infrastructure.db.session import forget_inherited_connections

        forget_inherited_connections()
    tracing.set_up("fiscal-worker", node.get("worker"))


def _on_worker_ready(sender: Any, **_: Any) -> None:
    # In a thread: the answers take seconds, and the consumer must not wait for them.
    threading.Thread(target=_tell_foreign_workers, args=(sender,), daemon=True).start()


def _tell_foreign_workers(consumer: Any) -> None:
    # A connection of its own: one that went back to the app's pool would still wait for answers,
    # and each child forked later would hang in closing it (kombu 5.7, Channel.close).
    try:
        with consumer.app.connection_for_write() as connection:
            replies = consumer.app.control.ping(timeout=5, connection=connection)
    except OSError:
        return  # Redis went away again; the consumer itself says so
    foreign = foreign_workers(consumer.hostname, [node for reply in replies for node in reply])
    if foreign:
        logger.warning(
            "Workers of another topology are alive: %s; unless the layout is just changing, stop"
            " them (Managing workers in docs/CELERY_DEPLOYMENT_GUIDE.md).",
            ", ".join(foreign),
        )


def _on_publish(headers: dict[str, Any], **_: Any) -> None:
    headers.setdefault("queued_at", datetime.now(UTC).isoformat())
