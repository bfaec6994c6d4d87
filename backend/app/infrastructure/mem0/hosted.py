"""The hosted Mem0, through its own client.

Its add answers at once and stores later (status PENDING with an event id that is no memory's id),
so that an added memory is found by its slug afterwards.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from app.errors import (
    ConfigurationError,
    MemoryRefused,
    MemoryStoreUnavailable,
    RateLimited,
)
from app.infrastructure.mem0.package import load_mem0

TIMEOUT = httpx.Timeout(10, connect=3)  # s
_REFUSED_KEY = "Mem0 refuses MEM0_API_KEY; set a valid one."

logging.getLogger("httpx").setLevel(logging.WARNING)  # a line per request, with its address


class HostedStore:
    """One client per process, made on first use and after the fork: its maker asks the server."""

    name = "hosted"
    stores_later = True

    def __init__(self, host: str, api_key: str) -> None:
        self._host = host
        self._api_key = api_key
        self._made: Any = None
        self._lock = threading.Lock()

    def add(self, owner: str, slug: str, category: str, content: str) -> str | None:
        """As MemoryStore says."""
        metadata = {"slug": slug, "category": category}
        with _translated():
            answer = self._client().add(content, user_id=owner, metadata=metadata, infer=False)
        return _id_in(answer)

    def update(self, memory_id: str, slug: str, category: str, content: str) -> bool:
        """As MemoryStore says."""
        with _translated():
            try:
                metadata = {"slug": slug, "category": category}
                self._client().update(memory_id, text=content, metadata=metadata)
            except _not_found():
                return False
        return True

    def find_by_slug(self, owner: str, slug: str) -> str | None:
        """As MemoryStore says."""
        filters = {"AND": [{"user_id": owner}, {"metadata": {"slug": slug}}]}
        with _translated():
            answer = self._client().get_all(filters=filters, page=1, page_size=100)
            found = [each for each in answer["results"] if each["metadata"]["slug"] == slug]
            oldest = min(found, key=lambda each: str(each.get("created_at")), default=None)
            return str(oldest["id"]) if oldest else None

    def delete(self, memory_id: str) -> None:
        """As MemoryStore says."""
        with _translated():
            try:
                self._client().delete(memory_id)
            except _not_found():
                return

    def close(self) -> None:
        """Closes the connections."""
        if self._made is not None:
            self._made.client.close()

    def _client(self) -> Any:
        with self._lock:
            if self._made is None:
                self._made = self._connected()
            return self._made

    def _connected(self) -> Any:
        client = httpx.Client(timeout=TIMEOUT)
        try:
            return load_mem0().MemoryClient(api_key=self._api_key, host=self._host, client=client)
        except Exception as error:  # the client's maker hides the status in a ValueError
            client.close()
            cause = error.__context__
            if not isinstance(cause, httpx.HTTPStatusError):
                raise
            if cause.response.status_code in (401, 403):
                raise ConfigurationError(_REFUSED_KEY) from None
            raise MemoryStoreUnavailable(_said(cause.response.status_code)) from None


@contextmanager
def _translated() -> Iterator[None]:
    """Turns what the client raises into our errors; its texts may hold what was to be stored."""
    exceptions = load_mem0().exceptions
    try:
        yield
    except exceptions.AuthenticationError:
        raise ConfigurationError(_REFUSED_KEY) from None
    except exceptions.RateLimitError as error:
        limited = RateLimited("Mem0 asks for fewer requests.")
        limited.retry_after = (error.debug_info or {}).get("retry_after")
        raise limited from None
    except exceptions.MemoryError as error:
        raise _judged(error) from None
    except (httpx.HTTPError, ValueError, LookupError, TypeError) as error:
        raise MemoryStoreUnavailable(
            f"Mem0 gave no usable answer ({type(error).__name__})."
        ) from None


def _judged(error: Any) -> Exception:
    status = (error.debug_info or {}).get("status_code")
    if status is None:
        return MemoryStoreUnavailable(f"Mem0 does not answer ({error.error_code}).")
    if status == 408 or status >= 500:
        return MemoryStoreUnavailable(_said(status))
    return MemoryRefused(f"Mem0 refused the memory (HTTP {status}).")


def _said(status: int) -> str:
    return f"Mem0 does not work at the moment (HTTP {status})."


def _not_found() -> Any:
    return load_mem0().exceptions.MemoryNotFoundError


def _id_in(answer: Any) -> str | None:
    """Returns the id of the one memory in an answer to add; None in one that promises it."""
    with _translated():
        results = answer.get("results") if isinstance(answer, dict) else answer
        first = results[0] if results else answer
        if "id" in first and first.get("status") not in ("PENDING", "RUNNING"):
            return str(first["id"])
        if "event_id" in first:
            return None
        raise ValueError("neither an id nor a promise")
