"""What a scrape shows: each store's figures, and whether the store answered at all."""

import time
from collections.abc import Iterable, Mapping, Sequence

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.metrics.stores import PATIENCE, Store


class FiscalCollector(Collector):
    """Asks all stores at once. One that is down leaves out its figures and nothing else."""

    def __init__(self, stores: Mapping[str, Store[Sequence[Metric]]]) -> None:
        self.stores = stores

    def collect(self) -> Iterable[Metric]:
        """Yields every figure, after PATIENCE seconds at the latest."""
        deadline = time.monotonic() + PATIENCE
        flights = {name: store.ask() for name, store in self.stores.items()}
        for name, store in self.stores.items():
            figures = store.answer(flights[name], deadline)
            up = f"1: {store.name} answered this scrape; 0: its figures are missing here."
            yield GaugeMetricFamily(f"fiscal_{name}_up", up, value=float(figures is not None))
            yield from figures or ()


def build_registry(stores: Mapping[str, Store[Sequence[Metric]]]) -> CollectorRegistry:
    """Returns the registry of the figures, and of this process itself."""
    registry = CollectorRegistry()
    registry.register(FiscalCollector(stores))
    ProcessCollector(registry=registry)
    return registry
