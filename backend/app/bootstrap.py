"""The one place that chooses who does what the services ask for. Tests pass their own.

Imports stand inside the functions: a worker pays only for what its tasks use.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from app.settings import get_settings

if TYPE_CHECKING:
    from app.infrastructure.cipher import Cipher
    from app.services.document_sync import Portal
    from app.services.notifications import Channel
    from app.services.runs import Publisher
    from app.services.whatsapp_sessions import SessionStore


@lru_cache(maxsize=1)
def publisher() -> "Publisher":
    """Returns the publisher of runs: Celery on Redis."""
    from app.infrastructure.celery.publisher import CeleryPublisher

    return CeleryPublisher()


@lru_cache(maxsize=1)
def cipher() -> "Cipher":
    """Returns the cipher of SII credentials. Raises ConfigurationError without SECRET_KEYS."""
    from app.infrastructure.cipher import Cipher

    return Cipher(get_settings().require("secret_keys").split(","))


@lru_cache(maxsize=1)
def portal() -> "Portal":
    """Returns the SII portal: Chromium logs in, HTTP reads."""
    from app.infrastructure.sii.portal import SiiPortal

    return SiiPortal(get_settings())


@lru_cache(maxsize=1)
def channels() -> "Mapping[str, Channel]":
    """Returns the message channels that are configured, by name."""
    from app.infrastructure.channels import configured_channels

    return configured_channels(get_settings())


@lru_cache(maxsize=1)
def whatsapp_sessions() -> "SessionStore":
    """Returns the store of WhatsApp sessions."""
    from app.infrastructure.whatsapp_sessions import open_store

    return open_store(get_settings())
