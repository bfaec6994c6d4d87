"""Every query of every dashboard returns data from a real Prometheus and a real role."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import redis

from app.infrastructure.celery.recovery import say_alive
from app.infrastructure.celery.topology import QUEUES, TOPOLOGIES
from app.infrastructure.celery.vitals import Usage, Vitals, say_vitals
from app.infrastructure.db.models import Company, SiiCredential
from app.infrastructure.db.session import session_scope
from app.services.due_entries import store_due_entries
from tests.conftest import own_database
from tests.monitoring.prometheus import Prometheus, running_prometheus
from tests.monitoring.rules import MONITORING
from tests.unit.metrics.ledger import answer, record
from tests.unit.metrics.role import running_role
from tests.unit.metrics.test_postgres_figures import deliver
from tests.waiting import wait_until

DASHBOARDS = {
    path.stem: json.loads(path.read_text()) for path in (MONITORING / "dashboards").glob("*.json")
}
TASKS = {
    "high": "notifications.process_pending",
    "default": "calendar.sync_company",
    "low": "sii.sync_documents",
}
every_dashboard = pytest.mark.parametrize("name", sorted(DASHBOARDS))


def work() -> None:
    """Ends runs in each queue, well and badly, and leaves one of each to be tried again; the portal
    answers them."""
    answer("home", "ok", 0.2, 0.3, 4)
    answer("home", "server_error", 1)
    for queue, task in TASKS.items():
        described = {"queue": queue, "task": task}
        record(number=3, **described)
        record("failed", error_code="sii_unavailable", retries=2, deaths=1, **described)
        record("retrying", error_code="channel_unavailable", finished_at=None, **described)


def report(client: "redis.Redis") -> None:
    """Says that the workers of topology two live, as they do each few seconds."""
    usage = Usage({"main": 1.0, "children": 2.0}, {"main": 1, "children": 2, "browsers": 3}, 1)
    for worker in TOPOLOGIES["two"]:
        node = f"{worker.name}@a"
        say_alive(client, node)
        say_vitals(client, Vitals(node, worker.queues, worker.concurrency, {}, {}, usage))


@pytest.fixture(scope="module")
def prometheus(
    postgres_server: str, migrated: str, redis_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Prometheus]:
    """Yields one that has seen runs end between two scrapes."""
    directory: Path = tmp_path_factory.mktemp("prometheus")
    with (
        own_database(postgres_server, migrated) as database_url,
        running_role(database_url, redis_server, directory) as role,
        redis.Redis.from_url(redis_server) as client,
    ):
        deliver()
        company = Company(rut="1", business_name="One")
        company.credential = SiiCredential(login_rut="1-9", secret="x", status="invalid")
        with session_scope() as session:
            session.add(company)
            store_due_entries(session, {"notifications: send": datetime.now(UTC)})
        work()
        with running_prometheus(role.client.base_url.netloc.decode(), directory) as started:
            recorded = "queue:fiscal_runs_failed:sum and queue:fiscal_runs_late:sum"
            wait_until(lambda: len(started.values(recorded)) == len(QUEUES), what="the rules")
            work()

            def has_seen_it() -> bool:
                report(client)
                seen = started.values("queue:fiscal_runs_failed:ratio_1h > 0")
                return len(seen) == len(QUEUES) and bool(
                    started.values("rate(fiscal_worker_cpu_seconds_total[1m])")
                )

            wait_until(has_seen_it, timeout=60, what="an increase")
            yield started
        client.flushall()


def queries(dashboard: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yields panel, description and query, once for each queue where it asks for one."""
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            asked = target["expr"].replace("$__rate_interval", "1m").replace("$job", "fiscal")
            for query in {asked.replace("$queue", queue) for queue in QUEUES}:
                assert "$" not in query, "a variable that the test does not know"
                yield panel["title"], panel.get("description", ""), query


def without_zero(query: str) -> str:
    """Returns a query without the zero that would hide a misspelt figure. No alert fires here."""
    return query if "ALERTS" in query else query.removesuffix(" or vector(0)")


@every_dashboard
def test_every_query_returns_data(name: str, prometheus: Prometheus) -> None:
    silent = [
        f"{title}: {query}"
        for title, _, query in queries(DASHBOARDS[name])
        if not prometheus.values(without_zero(query))
    ]
    assert not silent, "\n".join(silent)


def test_an_expression_without_data_would_be_found(prometheus: Prometheus) -> None:
    assert not prometheus.values('fiscal_queue_waiting{queue="hihg"}')


@every_dashboard
def test_a_zero_that_stands_for_nothing_is_documented(name: str) -> None:
    for title, description, query in queries(DASHBOARDS[name]):
        if "vector(0)" in query:
            assert "zero" in description.lower(), title


@every_dashboard
def test_a_variable_of_a_dashboard_finds_its_values(name: str, prometheus: Prometheus) -> None:
    for variable in DASHBOARDS[name]["templating"]["list"]:
        if variable["type"] == "query":
            asked = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"]["query"])
            assert asked
            series, label = asked[1].replace("$job", "fiscal"), asked[2]
            assert prometheus.values(f"count by ({label}) ({series})"), variable["name"]


@every_dashboard
def test_a_dashboard_can_be_provisioned_anywhere(name: str) -> None:
    dashboard = DASHBOARDS[name]
    assert dashboard["uid"] == f"fiscal-{name}"
    assert "id" not in dashboard, "the number of one installation"
    source = {"type": "prometheus", "uid": "${datasource}"}
    panels = dashboard["panels"]
    for panel in panels:
        assert panel["datasource"] == source, panel["title"]
        assert all(target["datasource"] == source for target in panel["targets"]), panel["title"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len({panel["title"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for place in (panel["gridPos"] for panel in panels):
        columns = range(place["x"], place["x"] + place["w"])
        cells = {(x, y) for x in columns for y in range(place["y"], place["y"] + place["h"])}
        assert max(columns) < 24
        assert not cells & taken, "two panels in one place"
        taken |= cells


def test_these_are_the_dashboards() -> None:
    assert DASHBOARDS.keys() == {"overview", "queue", "sii", "notifications"}
