"""Traces: an API request, the runs that it caused and what those asked the portal, as one.

Switched on by OpenTelemetry's own OTEL_* variables (docs/operations.md#traces). Otherwise nothing
that traces is imported, and what is here does nothing. No span carries arguments, bodies, queries
or an error's text.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from app.errors import FiscalError
from app.settings import get_settings

FLUSH = 2.0  # s that a process which ends waits for the collector

_provider: Any = None
_tracer: Any = None


def is_on() -> bool:
    """Returns whether the environment names a collector and does not say otherwise."""
    settings = get_settings()
    return bool(
        (settings.otel_exporter_otlp_traces_endpoint or settings.otel_exporter_otlp_endpoint)
        and settings.otel_traces_exporter.lower() != "none"
        and settings.otel_sdk_disabled.lower() != "true"
    )


def set_up(service: str, instance: str | None = None) -> None:
    """Starts to send this process's spans, where traces are on. After a fork: a thread sends them.

    OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win over `service` and `instance`.
    """
    global _provider, _tracer
    if not is_on():
        return
    from opentelemetry import trace

    from app.infrastructure.spans import make_provider, trace_http

    _provider = make_provider(service, instance)
    _tracer = _provider.get_tracer("fiscal")
    trace.set_tracer_provider(_provider)  # FastAPI asks there
    trace_http(is_traced, span)


@contextmanager
def span(name: str, kind: str = "internal", **attributes: Any) -> Iterator[Any]:
    """Makes what happens inside a part of the trace; yields OpenTelemetry's span, or None.

    An error shows by its code: its text may hold what nobody should read.
    """
    if _tracer is None:
        yield None
        return
    from opentelemetry.trace import SpanKind

    with _tracer.start_as_current_span(
        name,
        kind=SpanKind[kind.upper()],
        attributes=attributes,
        record_exception=False,
        set_status_on_exception=False,
    ) as current:
        try:
            yield current
        except BaseException as error:
            mark_failed(current, error)
            raise


def mark_failed(current: Any, error: BaseException) -> None:
    """Says of a span that it ended by `error`."""
    from opentelemetry.trace import StatusCode

    code = error.code if isinstance(error, FiscalError) else type(error).__name__
    current.set_attribute("error.type", code)
    current.set_status(StatusCode.ERROR)


def log_context() -> dict[str, Any]:
    """Returns what a log line says of the trace that it belongs to."""
    if not is_traced():
        return {}
    from opentelemetry.trace import format_trace_id, get_current_span

    return {"trace": format_trace_id(get_current_span().get_span_context().trace_id)}


def is_traced() -> bool:
    """Returns whether what happens now is a part of a trace."""
    if _tracer is None:
        return False
    from opentelemetry.trace import get_current_span

    return get_current_span().get_span_context().is_valid


def flush() -> None:
    """Sends what is left, before the process ends; a collector that hangs holds nobody up."""
    if _provider is not None:
        sending = threading.Thread(target=_provider.force_flush, daemon=True)
        sending.start()
        sending.join(FLUSH)
