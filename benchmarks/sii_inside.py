"""Inside a container of the selenium image: `python -m benchmarks.sii_inside WHAT`, `time` or
`memory`. Prints JSON on the last line: ours and the baseline per measure, and the phases."""

import json
import statistics
import sys
import time
from collections import defaultdict
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from app import tracing
from app.infrastructure.spans import trace_http
from benchmarks.sii_company import TASKS, company, known, run_all
from benchmarks.sii_memory import memory
from benchmarks.sii_plain import Plain, bare_browser

ROUNDS = 5
LIST = "sii.sync_f29"  # the one run that needs a browser

Phase = tuple[str, int, float]  # its name, its requests over HTTP, its seconds


def measure_time() -> dict[str, Any]:
    """Returns the medians of ours and of the plain requests, cold and warm, and our phases."""
    spans = _spans()
    ours: list[dict[str, float]] = []
    plain: list[dict[str, float]] = []
    phases: dict[tuple[str, int], list[float]] = defaultdict(list)
    for number in range(ROUNDS + 1):
        spans.clear()
        for side in (_ours, _plain) if number % 2 == 0 else (_plain, _ours):
            (ours if side is _ours else plain).append(side())
        if number:  # the first one warms up: caches of the disk, of the portal and of imports
            for name, requests, seconds in _phases(spans.get_finished_spans()):
                phases[name, requests].append(seconds)
        print(ours[-1], plain[-1], flush=True)
    return {
        what: [statistics.median(one[what] for one in side[1:]) for side in (ours, plain)]
        for what in ("cold", "warm")
    } | {"phases": [(*key, statistics.median(seconds)) for key, seconds in phases.items()]}


def _ours() -> dict[str, float]:
    taken = run_all(known(company()))
    return {
        "cold": sum(taken.values()),
        "warm": sum(seconds for name, seconds in taken.items() if name != LIST),
    }


def _plain() -> dict[str, float]:
    plain = Plain(company())
    browser = bare_browser()
    opened = _seconds(plain.log_in, plain.read_list)
    read = _seconds(plain.read_documents, plain.read_pdfs)
    seen, ended = _seconds(plain.see_taxpayer), _seconds(plain.log_out)
    # Cold, the login has led to the taxpayer's page; warm, it shows that the session is open.
    return {"cold": browser + opened + read + ended, "warm": seen + read + ended}


def _seconds(*steps: Any) -> float:
    began = time.perf_counter()
    for step in steps:
        step()
    return time.perf_counter() - began


def _spans() -> InMemorySpanExporter:
    """Lets the product's own spans tell where the time goes."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracing._tracer = provider.get_tracer("benchmarks")
    trace_http(tracing.is_traced, tracing.span)
    return exporter


def _phases(spans: tuple[ReadableSpan, ...]) -> list[Phase]:
    """Returns what each run's time went to; `rest` is what no span names."""
    found: list[Phase] = []
    names = {each.context.span_id: each.name for each in spans if each.name in TASKS}
    for run, task in names.items():
        inside = [each for each in spans if each.parent and each.parent.span_id == run]
        whole = next(each for each in spans if each.context.span_id == run)
        asked = [each for each in inside if "url.path" in (each.attributes or {})]
        named = [each for each in inside if each not in asked]
        parts = [(each.name, 0, _length(each)) for each in named]
        if asked:
            parts.append(("requests", len(asked), sum(map(_length, asked))))
        rest = _length(whole) - sum(seconds for _, _, seconds in parts)
        found += [(f"{task}: {name}", number, seconds) for name, number, seconds in parts]
        found.append((f"{task}: rest", 0, rest))
    return found


def _length(each: ReadableSpan) -> float:
    return ((each.end_time or 0) - (each.start_time or 0)) / 1e9


MEASURES = {"time": measure_time, "memory": memory}

if __name__ == "__main__":
    print(json.dumps(MEASURES[sys.argv[1]]()))
