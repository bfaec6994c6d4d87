"""The one place that chooses who does what the services ask for. Tests pass their own.

Imports stand inside the functions: a worker pays only for what its tasks use.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from app.settings import get_settings

if TYPE_CHECKING:
    from app.infrastructure.cipher import Cipher
    from app.infrastructure.sii.portal import SiiPortal
    from app.services.memories import MemoryStore
    from app.services.notifications import Channel
    from app.services.outbox import Publisher
    from app.services.pdf_storage import PdfStores
    from app.services.reconciliation import Messages
    from app.services.whatsapp_sessions import SessionStore


@lru_cache(maxsize=1)
def publisher() -> "Publisher":
    """Returns the publisher of runs: Celery on Redis."""
    from app.infrastructure.celery.publisher import CeleryPublisher

    return CeleryPublisher()


@lru_cache(maxsize=1)
def messages() -> "Messages":
    """Returns what looks into the queues."""
    from app.infrastructure.celery.queues import RedisQueues
    from app.infrastructure.health import impatient_redis

    return RedisQueues(impatient_redis(get_settings().require("redis_url"), 5))


@lru_cache(maxsize=1)
def cipher() -> "Cipher":
    """Returns the cipher of SII credentials. Raises ConfigurationError without SECRET_KEYS."""
    from app.infrastructure.cipher import Cipher

    return Cipher(get_settings().require("secret_keys").split(","))


@lru_cache(maxsize=1)
def portal() -> "SiiPortal":
    """Returns the SII portal: Chromium logs in, HTTP reads, all workers in turn."""
    from app.infrastructure.db.session import get_session_factory
    from app.infrastructure.sii.portal import SiiPortal
    from app.infrastructure.sii.shared_politeness import politeness_of
    from app.infrastructure.sii.stored_sessions import StoredSessions
    from app.infrastructure.sii.tally import Tally

    settings = get_settings()
    sessions = get_session_factory()
    memory = StoredSessions(sessions, cipher(), settings.sii_session_keep)
    return SiiPortal(settings, politeness_of(settings), memory, Tally(sessions))


@lru_cache(maxsize=1)
def pdf_stores() -> "PdfStores":
    """Returns where PDFs are. Raises ConfigurationError where the chosen directory is not there."""
    from app.infrastructure.pdf_store import open_stores

    return open_stores(get_settings())


@lru_cache(maxsize=1)
def channels() -> "Mapping[str, Channel]":
    """Returns the message channels that are configured, by name."""
    from app.infrastructure.channels import configured_channels

    return configured_channels(get_settings())


@lru_cache(maxsize=1)
def memory_store() -> "MemoryStore":
    """Returns the store of memories: Mem0, hosted or in our Postgres."""
    from app.infrastructure.mem0 import open_store

    return open_store(get_settings())


@lru_cache(maxsize=1)
def whatsapp_sessions() -> "SessionStore":
    """Returns the store of WhatsApp sessions."""
    from app.infrastructure.whatsapp_sessions import open_store

    return open_store(get_settings())
