"""What the chart gives to Prometheus Operator and Grafana: the files of `monitoring`, whole."""

import json
from base64 import b64decode
from typing import Any

import pytest
import yaml

from tests.helm.chart import ROOT, Object, render
from tests.helm.network import selects
from tests.helm.schemas import VERSIONS, faults

MONITORING = ROOT / "deploy" / "helm" / "monitoring"
KINDS = {
    "serviceMonitor": "ServiceMonitor",
    "prometheusRule": "PrometheusRule",
    "dashboards": "ConfigMap",
}


def values(part: str, **more: Any) -> Object:
    return {"monitoring": {part: {"enabled": True, **more}}}


def found(kind: str, given: Object) -> dict[str, Object]:
    """Returns the objects of that kind which the role metrics has, by name."""
    return {
        thing["metadata"]["name"]: thing
        for thing in render(given)
        if thing["kind"] == kind
        and thing["metadata"]["labels"]["app.kubernetes.io/component"] == "metrics"
    }


@pytest.mark.parametrize("kind", KINDS.values())
def test_nothing_of_it_is_there_unless_it_is_asked_for(kind: str) -> None:
    assert found(kind, {}) == {}


@pytest.mark.parametrize("part", KINDS)
def test_each_part_comes_by_itself(part: str) -> None:
    made = {kind for kind in KINDS.values() if found(kind, values(part))}
    assert made == {KINDS[part]}


def test_the_service_monitor_chooses_the_service_of_the_role_and_its_port() -> None:
    given = values("serviceMonitor")
    (monitor,) = found("ServiceMonitor", given).values()
    chosen = [
        thing
        for thing in render(given)
        if thing["kind"] == "Service"
        and selects(monitor["spec"]["selector"], thing["metadata"]["labels"])
    ]
    assert [thing["metadata"]["name"] for thing in chosen] == ["fiscal-metrics"]
    (endpoint,) = monitor["spec"]["endpoints"]
    assert endpoint["port"] in {port["name"] for port in chosen[0]["spec"]["ports"]}


def test_the_service_monitor_s_account_is_one_that_the_role_takes() -> None:
    (secret,) = [thing for thing in render(values("serviceMonitor")) if thing["kind"] == "Secret"]
    (monitor,) = found("ServiceMonitor", values("serviceMonitor")).values()
    read = monitor["spec"]["endpoints"][0]["basicAuth"]
    assert {one["name"] for one in read.values()} == {secret["metadata"]["name"]}
    data = {key: b64decode(value).decode() for key, value in secret["data"].items()}
    account = ":".join(data[read[part]["key"]] for part in ("username", "password"))
    assert account == data["metrics-basic-auth"]


def test_of_several_accounts_it_takes_the_first() -> None:
    given = values("serviceMonitor") | {"secrets": {"metricsBasicAuth": "ana:one,eva:two"}}
    (secret,) = [thing for thing in render(given) if thing["kind"] == "Secret"]
    assert b64decode(secret["data"]["metrics-username"]) == b"ana"
    assert b64decode(secret["data"]["metrics-password"]) == b"one"


def test_without_a_service_monitor_the_secret_is_as_before() -> None:
    (secret,) = [thing for thing in render() if thing["kind"] == "Secret"]
    assert not secret["data"].keys() & {"metrics-username", "metrics-password"}


def test_a_secret_of_yours_is_the_one_that_is_read() -> None:
    given = values("serviceMonitor") | {"secrets": {"existingSecret": "ours"}}
    (monitor,) = found("ServiceMonitor", given).values()
    assert monitor["spec"]["endpoints"][0]["basicAuth"]["password"]["name"] == "ours"


def test_the_rules_are_those_that_promtool_has_tested() -> None:
    rules = found("PrometheusRule", values("prometheusRule"))
    assert {name: thing["spec"] for name, thing in rules.items()} == {
        f"fiscal-{path.stem}": yaml.safe_load(path.read_text())
        for path in (MONITORING / "rules").iterdir()
    }


def test_runbooks_lead_to_where_your_people_read_them() -> None:
    rules = found("PrometheusRule", values("prometheusRule", runbookBase="https://git.example/a/"))
    links = [
        rule["annotations"]["runbook_url"]
        for thing in rules.values()
        for group in thing["spec"]["groups"]
        for rule in group["rules"]
        if "alert" in rule
    ]
    assert len(links) >= 15
    for link in links:
        assert link.startswith("https://git.example/a/docs/operations.md#fiscal")


def test_the_dashboards_are_those_that_were_asked_of_prometheus() -> None:
    maps = found("ConfigMap", values("dashboards"))
    shown = {
        name: json.loads(text) for thing in maps.values() for name, text in thing["data"].items()
    }
    assert shown == {
        f"fiscal-{path.name}": json.loads(path.read_text())
        for path in (MONITORING / "dashboards").iterdir()
    }
    for thing in maps.values():
        assert thing["metadata"]["labels"]["grafana_dashboard"] == "1"


def test_a_label_of_yours_does_not_take_the_place_of_ours() -> None:
    labels = {"release": "prometheus", "app.kubernetes.io/component": "mine"}
    (monitor,) = found("ServiceMonitor", values("serviceMonitor", labels=labels)).values()
    assert monitor["metadata"]["labels"]["release"] == "prometheus"


def test_a_misspelt_field_of_prometheus_operator_s_kinds_is_found() -> None:
    (monitor,) = found("ServiceMonitor", values("serviceMonitor")).values()
    wrong = monitor | {"spec": monitor["spec"] | {"endpoint": []}}
    assert faults(monitor, VERSIONS[0]) == []
    assert "'endpoint' was unexpected" in faults(wrong, VERSIONS[0])[0]
