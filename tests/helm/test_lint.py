"""Every set of values, looked at by helm and by each supported Kubernetes."""

import pytest

from tests.helm.chart import ROOT, HelmRefused, Object, chart_file, helm, lint, render
from tests.helm.schemas import VERSIONS, faults
from tests.helm.sets import every_set


@every_set
def test_helm_lints_it_and_each_supported_kubernetes_accepts_every_object(values: Object) -> None:
    report = lint(values)
    assert "0 chart(s) failed" in report
    assert "[" not in report  # not a word of advice either
    for version in VERSIONS:
        assert [fault for thing in render(values) for fault in faults(thing, version)] == []


@pytest.mark.parametrize("version", VERSIONS)
def test_a_field_that_kubernetes_does_not_know_is_found(version: str) -> None:
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}}

    assert faults({**service, "spec": {"ports": [{"port": 80}]}}, version) == []
    assert "'prots' was unexpected" in faults({**service, "spec": {"prots": []}}, version)[0]
    assert "is not of type 'integer'" in faults(
        {**service, "spec": {"ports": [{"port": "http"}]}}, version
    )[0]  # fmt: skip


def test_a_misspelt_field_of_an_http_route_is_found() -> None:
    route = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
             "metadata": {"name": "a"}, "spec": {"parentRef": []}}  # fmt: skip

    assert any("'parentRef' was unexpected" in fault for fault in faults(route, VERSIONS[0]))


def test_no_two_objects_have_one_name() -> None:
    for topology in ("one", "two", "three"):
        names = [
            (thing["kind"], thing["metadata"]["name"])
            for thing in render({"topology": topology, "demo": {"enabled": True}})
        ]
        assert len(names) == len(set(names))


def test_an_older_kubernetes_is_refused_and_the_oldest_supported_is_not() -> None:
    chart = str(ROOT / "deploy/helm")

    assert helm("template", "fiscal", chart, "--kube-version", VERSIONS[0])
    with pytest.raises(HelmRefused, match=r"requires kubeVersion: >=1\.30\.0-0"):
        helm("template", "fiscal", chart, "--kube-version", "1.29")


def test_the_chart_has_the_version_of_the_product() -> None:
    chart = chart_file("Chart.yaml")

    assert f'version = "{chart["version"]}"' in (ROOT / "pyproject.toml").read_text()
    assert chart["version"] == chart["appVersion"]


def test_no_helper_is_unused() -> None:
    templates = {file.name: file.read_text() for file in (ROOT / "deploy/helm").rglob("*.tpl")}
    templates |= {file.name: file.read_text() for file in (ROOT / "deploy/helm").rglob("*.yaml")}
    everything = "".join(templates.values())
    defined = [part.split('"')[0] for part in everything.split('define "')[1:]]

    assert [name for name in defined if everything.count(f'include "{name}"') == 0] == []
