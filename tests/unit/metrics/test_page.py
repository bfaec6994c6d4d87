"""docs/metrics.md names every figure, with its labels, and no other."""

import re
from collections.abc import Iterator

import redis
from prometheus_client.core import Metric

from app.errors import code_of
from app.infrastructure.celery.recovery import say_alive
from app.infrastructure.celery.vitals import Usage, Vitals, say_vitals
from app.infrastructure.sii import pages, tally
from app.metrics.postgres_figures import PostgresFigures
from app.metrics.redis_figures import redis_figures
from app.metrics.registry import FiscalCollector
from app.metrics.stores import Store
from tests.conftest import ROOT
from tests.unit.metrics.ledger import answer, record

PAGE = ROOT / "docs" / "metrics.md"


def described() -> dict[str, set[str]]:
    """Returns the figures of the page's tables with their labels."""
    found = {}
    for line in PAGE.read_text().splitlines():
        if line.startswith("| `fiscal_"):
            names, labels = line.split("|")[1:3]
            for name in re.findall(r"`(\w+)`", names):
                found[name] = {label.strip() for label in labels.split(",") if label.strip()}
    return found


def labelled(figures: list[Metric]) -> Iterator[tuple[str, set[str]]]:
    for figure in figures:
        name = figure.name + ("_total" if figure.type == "counter" else "")
        for sample in figure.samples:
            yield name, set(sample.labels) - {"le"}


def test_the_page_describes_what_is_exported(database_url: str, redis_url: str) -> None:
    record()
    answer("home", "ok", 1)
    with redis.Redis.from_url(redis_url) as client:
        say_alive(client, "slow@a")
        usage = Usage({"main": 1.0}, {"main": 1}, 0)
        say_vitals(client, Vitals("slow@a", ["low"], 1, {}, {}, usage))
        stores = {
            "redis": Store("Redis", lambda: redis_figures(client)),
            "postgres": Store("Postgres", PostgresFigures().read),
        }
        figures = list(FiscalCollector(stores).collect())
    names = {figure.name + ("_total" if figure.type == "counter" else "") for figure in figures}
    page = described()
    assert names == page.keys()
    for name, labels in labelled(figures):
        assert labels == page[name], name


def test_the_page_says_what_is_asked_of_the_portal_and_what_it_answers() -> None:
    _, _, portal = PAGE.read_text().partition("\n## The portal\n")
    named = set(re.findall(r"`(\w+)`", portal.partition("\n## ")[0]))
    kinds = {tally.OK, tally.TIMEOUT, tally.UNREACHABLE, *map(code_of, tally.FAULTS)}
    assert {*pages.PAGES.values(), "other"} | kinds <= named
