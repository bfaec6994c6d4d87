"""Celery's settings. Each that departs from Celery's default says why (docs/reliability.md)."""

import ssl
from typing import Any

from kombu import Exchange, Queue  # type: ignore[attr-defined]  # lazy exports, no types
from kombu.utils.url import parse_url

from app.infrastructure.celery.lanes import Lanes, parse_slots
from app.infrastructure.celery.pauses import paused_queues
from app.infrastructure.celery.topology import QUEUES, VISIBILITY_TIMEOUT
from app.settings import Settings, get_settings

ROUTES: dict[str, str] = {
    "notifications.process_pending": "high",
    "notifications.sync_calendar": "high",
    "notifications.process_template_notification": "default",
    "calendar.*": "default",
    "memory.*": "default",
    "whatsapp.*": "default",
    "sii.*": "low",
    "system.reconcile": "high",
    "system.*": "default",
}


def configuration(settings: Settings) -> dict[str, Any]:
    """Returns what `app.conf` is updated with."""
    redis_url = settings.redis_url.get_secret_value() if settings.redis_url else None
    return {
        # Without Redis the app still imports, for the routing script; workers refuse (checks.py).
        "broker_url": redis_url or "redis://redis-url-is-not-set",
        "broker_use_ssl": _trust(redis_url or ""),
        "result_backend": "app.infrastructure.celery.ledger:RunLedger",
        "broker_connection_retry_on_startup": True,  # a worker may start before Redis
        # Some six minutes; then the worker ends, and its platform starts it afresh.
        "broker_connection_max_retries": 20,
        "broker_pool_acquire_timeout": 5,  # a publisher never waits for ever
        "broker_transport_options": _transport_options(),
        "task_publish_retry_policy": {
            "max_retries": 2,
            "interval_start": 0,
            "interval_step": 0.2,
            "interval_max": 0.5,
        },
        "task_queues": [_queue(name) for name in QUEUES],
        "task_routes": ROUTES,
        "task_default_queue": "default",
        "task_create_missing_queues": False,  # a typo is an error, not a queue nobody reads
        # JSON only: whoever can write to Redis could run code through pickle.
        "task_serializer": "json",
        "result_serializer": "json",
        "accept_content": ["json"],
        "result_accept_content": ["json"],
        "result_expires": settings.keep_runs_days * 86400,  # celery.backend_cleanup
        "task_track_started": True,
        "task_acks_late": True,  # a killed worker's run comes back
        "task_acks_on_failure": True,  # both explicit: False re-runs a hanging task for ever
        "task_acks_on_timeout": True,
        "task_retry_on_worker_lost": True,  # bounded by max_retries, unlike a plain reject
        "task_reject_on_worker_lost": True,  # where that retry cannot be published
        # Kills the stale copy at a connection loss. Safe because results are not in Redis.
        "worker_cancel_long_running_tasks_on_connection_loss": True,
        "worker_pool": "app.infrastructure.celery.pool:TaskPool",
        "worker_prefetch_multiplier": 1,  # no run waits behind a long one in a worker's memory
        "worker_eta_task_limit": 500,
        "worker_soft_shutdown_timeout": settings.celery_soft_shutdown_seconds,
        "worker_send_task_events": True,  # Flower
        "worker_hijack_root_logger": False,  # app.logs writes JSON
        "worker_enable_remote_control": True,
        "timezone": "America/Santiago",
        "enable_utc": True,
        "beat_scheduler": "app.infrastructure.celery.beat:SingleBeatScheduler",
        "beat_max_loop_interval": 5,  # s until an operator's edit is seen
        "beat_sync_every": 1,  # a killed beat forgets nothing
    }


def _trust(redis_url: str) -> dict[str, Any] | bool:
    """Returns whose certificate Redis must show, as its URL says; False without TLS.

    Said here as well, since Flower reads nothing else, and since kombu trusts anybody where the
    URL is silent; redis-py, which the sweeper uses, then trusts the system's authorities.
    """
    if not redis_url.startswith("rediss://"):
        return False
    said: dict[str, Any] = parse_url(redis_url).get("ssl", {})
    return {"ssl_cert_reqs": ssl.CERT_REQUIRED} | said


def _queue(name: str) -> Any:
    # Exchange and key of its own: queues that share the default ones share every message.
    return Queue(name, Exchange(name), routing_key=name)  # type: ignore[no-untyped-call]


def declared_lanes() -> Lanes:
    """Returns the order of queues for one channel: that of -Q, within CELERY_QUEUE_SLOTS and
    without those that are paused."""
    return Lanes(parse_slots(get_settings().celery_queue_slots), paused_queues)


def _transport_options() -> dict[str, Any]:
    return {
        "visibility_timeout": VISIBILITY_TIMEOUT,
        "unacked_restore_interval": 10,
        "unacked_restore_throttle": 3,  # sweep each 30 s instead of 100 s
        "queue_order_strategy": "app.infrastructure.celery.config:declared_lanes",
        "socket_timeout": 5,  # must exceed the 1 s of BRPOP; without it a dead peer hangs us
        "socket_connect_timeout": 5,
        "socket_keepalive": True,
        "health_check_interval": 25,
    }
