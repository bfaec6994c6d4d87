"""The profile `monitoring`: a Prometheus that has what the metrics role says."""

import re

import httpx

from tests.integration.stack import Stack
from tests.waiting import wait_until


def served(stack: Stack) -> set[str]:
    """Returns the names of the series that the role serves now, asked as Prometheus asks."""
    account = stack.execute("metrics", "cat", "/run/fiscal/secrets/metrics/metrics_basic_auth")
    user, _, password = account.strip().partition(",")[0].partition(":")
    answer = httpx.get(f"{stack.url('metrics', 9464)}/metrics", auth=(user, password), timeout=15)
    return set(re.findall(r"^(fiscal_\w+)", answer.raise_for_status().text, re.MULTILINE))


def test_prometheus_has_every_figure_and_every_rule(two: Stack) -> None:
    two.wait_for_runs(two.publish(*[("system.probe", queue, {}) for queue in ("high", "low")]))
    two.docker("compose", "--profile", "monitoring", "up", "--detach", "--wait", "prometheus")

    with httpx.Client(base_url=two.url("prometheus", 9090), timeout=15) as prometheus:

        def ask(path: str, **parameters: str) -> list:
            answer = prometheus.get(f"/api/v1/{path}", params=parameters).raise_for_status()
            data = answer.json()["data"]
            return data if isinstance(data, list) else data.get("result", data.get("groups"))

        wait_until(
            lambda: ask("query", query='up{job="fiscal"} == 1'), what="the first scrape", every=0.5
        )
        names = served(two)
        assert len(names) > 25
        wait_until(
            lambda: names <= set(ask("label/__name__/values")), what="every figure", every=0.5
        )

        def health() -> list[str]:
            return [rule["health"] for group in ask("rules") for rule in group["rules"]]

        assert len(health()) > 30
        wait_until(lambda: set(health()) == {"ok"}, what="every rule", timeout=60, every=0.5)
        # What has fired by now would be a false alarm, or a fault of the bundle.
        assert ask("query", query='ALERTS{alertstate="firing"}') == []
