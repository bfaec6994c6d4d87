"""OpenTelemetry's SDK, set up. Imported where traces are on, and nowhere else."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import wraps
from typing import Any

import httpx
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from app import __version__

# Made before a worker forks, so that its processes share what it loads; it connects when it sends.
_EXPORTER = OTLPSpanExporter()


class _HideQueries(SpanProcessor):
    """FastAPI's spans hold a request's query, in which a calendar's feed has its token."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:  # noqa: ARG002
        if span.attributes and "url.query" in span.attributes:
            span.set_attribute("url.query", "hidden")


def make_provider(service: str, instance: str | None) -> TracerProvider:
    """Returns what makes spans and sends them by OTLP over HTTP, as the OTEL_* variables say."""
    about = {"service.name": service, "service.version": __version__}
    if instance:
        about["service.instance.id"] = instance
    told = Resource(about).merge(OTELResourceDetector().detect())
    provider = TracerProvider(
        resource=Resource.create(told.attributes),
        shutdown_on_exit=False,  # it would wait half a minute for a collector that hangs
    )
    provider.add_span_processor(_HideQueries())
    provider.add_span_processor(BatchSpanProcessor(_EXPORTER))
    return provider


def trace_http(
    is_traced: Callable[[], bool], span: Callable[..., AbstractContextManager[Any]]
) -> None:
    """Makes a span of each request that httpx sends in a trace: method, host, path and status.

    Nothing about the trace is sent along: it is nobody else's business.
    """
    send = httpx.HTTPTransport.handle_request
    if hasattr(send, "__wrapped__"):
        return

    @wraps(send)
    def traced(self: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        if not is_traced():
            return send(self, request)
        url = request.url
        about = {
            "http.request.method": request.method,
            "server.address": url.host,
            "url.path": url.path,
        }
        with span(f"{request.method} {url.host}", "client", **about) as current:
            response = send(self, request)
            current.set_attribute("http.response.status_code", response.status_code)
            return response

    httpx.HTTPTransport.handle_request = traced  # type: ignore[method-assign]
