"""A run as a part of the trace of who asked for it. Imported where traces are on."""

from functools import wraps
from typing import Any

from celery import current_task, signals
from opentelemetry import context, trace
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from app import tracing
from app.infrastructure import spans  # noqa: F401 (loaded before the fork, shared after it)

# W3C's header, in the message. A message of somebody else's run, such as those that
# system.reconcile publishes later, carries the same under the second name: a trace of its own, with
# a link to the one that published it.
PARENT, LINKED = "traceparent", "linked_traceparent"

_w3c = TraceContextTextMapPropagator()  # no baggage: what a client sends goes no further


def connect(app: Any) -> None:
    """Traces what `app` publishes and what its workers run."""
    _trace_publishing(app)
    signals.before_task_publish.connect(_on_publish)
    signals.task_prerun.connect(_on_start)
    signals.task_postrun.connect(_on_end)
    signals.beat_init.connect(_on_beat)
    signals.worker_process_shutdown.connect(_on_child_end)


def _trace_publishing(app: Any) -> None:
    send = app.send_task

    @wraps(send)
    def traced(name: str, *args: Any, **kwargs: Any) -> Any:
        with tracing.span(f"publish {name}", "producer"):
            return send(name, *args, **kwargs)

    app.send_task = traced


def _on_publish(
    sender: str, headers: dict[str, Any], routing_key: str | None = None, **_: Any
) -> None:
    span = trace.get_current_span()
    if not span.get_span_context().is_valid:
        return  # the main process retries for a child that died: the message keeps what it has
    span.set_attributes(_about(sender, routing_key, headers["id"], headers["root_id"]))
    headers.pop(PARENT, None)
    headers.pop(LINKED, None)
    carrier: dict[str, str] = {}
    _w3c.inject(carrier)
    is_of_another = bool(current_task) and current_task.request.root_id != headers["root_id"]
    headers[LINKED if is_of_another else PARENT] = carrier[PARENT]


def _about(task: str, queue: str | None, run: str, root: str | None) -> dict[str, Any]:
    return {
        "fiscal.task": task,
        "fiscal.queue": queue or "",
        "fiscal.run": run,
        "fiscal.root": root or run,
    }


def _on_start(task: Any, **_: Any) -> None:
    request = task.request
    queue = (request.delivery_info or {}).get("routing_key")
    span = trace.get_tracer("fiscal").start_span(
        f"run {task.name}",
        context=_w3c.extract({PARENT: request.get(PARENT) or ""}),
        kind=trace.SpanKind.CONSUMER,
        attributes=_about(task.name, queue, request.id, request.root_id),
        links=_links(request.get(LINKED)),
    )
    request.trace = span, context.attach(trace.set_span_in_context(span))


def _links(linked: str | None) -> list[trace.Link]:
    if not linked:
        return []
    publisher = trace.get_current_span(_w3c.extract({PARENT: linked}))
    return [trace.Link(publisher.get_span_context())]


def _on_end(task: Any, state: str | None = None, retval: Any = None, **_: Any) -> None:
    span, token = task.request.trace
    span.set_attribute("fiscal.attempt", getattr(task.request, "attempt", None) or 0)
    span.set_attribute("fiscal.outcome", (state or "stopped").lower())
    if isinstance(retval, BaseException):
        tracing.mark_failed(span, getattr(retval, "exc", None) or retval)
    context.detach(token)
    span.end()


def _on_beat(**_: Any) -> None:
    tracing.set_up("fiscal-beat")


def _on_child_end(**_: Any) -> None:
    tracing.flush()
