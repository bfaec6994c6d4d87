"""What can be reached: Services, the two ways in from outside, and who may be evicted."""

import jmespath
import pytest

from tests.helm.chart import Object, render
from tests.helm.network import selects
from tests.helm.pods import named, pods
from tests.helm.sets import DEMO, EVERYTHING, every_set

HOSTS = {"ingress": {"enabled": True, "hosts": ["a.example", "b.example"]}}
ROUTE = {"httpRoute": {"enabled": True, "parentRefs": [{"name": "public"}]}}
API = {"name": "fiscal-api", "port": 8000}
FLOWER = {"name": "fiscal-flower", "port": 5555}


@every_set
def test_every_selector_finds_the_pods_that_are_meant_and_no_others(values: Object) -> None:
    objects = render(values)
    for thing in objects:
        selector = thing.get("spec", {}).get("selector")
        if not selector or thing["kind"] not in {"Service", "Deployment", "StatefulSet",
                                                 "PodDisruptionBudget"}:  # fmt: skip
            continue
        labels = {"matchLabels": selector} if thing["kind"] == "Service" else selector
        found = [pod.name for pod in pods(objects) if selects(labels, pod.labels)]
        assert found == [thing["metadata"]["name"]], (thing["kind"], thing["metadata"]["name"])


@every_set
def test_every_service_leads_to_a_port_that_its_pods_open(values: Object) -> None:
    objects = render(values)
    for service in (thing for thing in objects if thing["kind"] == "Service"):
        (pod,) = [p for p in pods(objects) if p.name == service["metadata"]["name"]]
        open_ports = {port["name"]: port["containerPort"] for port in pod.main["ports"]}
        for port in service["spec"]["ports"]:
            assert open_ports[port["targetPort"]] == port["port"], service["metadata"]["name"]


def test_services_are_inside_the_cluster_on_the_ports_that_the_house_knows() -> None:
    search = "sort_by([?kind == 'Service'].{n: metadata.name, p: spec.ports[].port}, &n)[].[n, p]"

    assert jmespath.search(search, render(DEMO)) == [
        ["fiscal-api", [8000]],
        ["fiscal-flower", [5555]],
        ["fiscal-metrics", [9464]],
        ["fiscal-postgres", [5432]],
        ["fiscal-redis", [6379]],
        ["fiscal-simulator", [8080, 1025]],
    ]
    kinds = jmespath.search("[?kind == 'Service'].spec.type", render(DEMO))
    assert kinds == []


def test_nothing_is_reachable_from_outside_unless_it_is_asked_for() -> None:
    assert not {"Ingress", "HTTPRoute"} & {thing["kind"] for thing in render(DEMO)}


@pytest.mark.parametrize(
    ("flower", "expected"),
    [(False, [["/", "fiscal-api"]]), (True, [["/", "fiscal-api"], ["/flower", "fiscal-flower"]])],
)
def test_an_ingress_leads_every_host_to_the_api_and_to_flower_only_if_asked(
    flower: bool, expected: list[list[str]]
) -> None:
    (found,) = jmespath.search(
        "[?kind == 'Ingress'].spec", render({"ingress": {**HOSTS["ingress"], "flower": flower}})
    )

    assert jmespath.search("rules[].host", found) == ["a.example", "b.example"]
    for rule in found["rules"]:
        assert jmespath.search("http.paths[].[path, backend.service.name]", rule) == expected
        assert set(jmespath.search("http.paths[].pathType", rule)) == {"Prefix"}


def test_an_ingress_takes_its_class_its_annotations_and_its_certificate() -> None:
    found = named(render(EVERYTHING["demo"]), "Ingress", "fiscal")

    assert found["metadata"]["annotations"] == {"note": "ingress"}
    assert found["spec"]["ingressClassName"] == "nginx"
    assert found["spec"]["tls"] == EVERYTHING["demo"]["ingress"]["tls"]


@pytest.mark.parametrize(
    ("flower", "expected"), [(False, [["/", API]]), (True, [["/flower", FLOWER], ["/", API]])]
)
def test_an_http_route_leads_to_the_api_and_to_flower_only_if_asked(
    flower: bool, expected: list[object]
) -> None:
    search = "[?kind == 'HTTPRoute'].spec.rules[].[matches[0].path.value, backendRefs[0]]"

    found = render({"httpRoute": {**ROUTE["httpRoute"], "flower": flower}})
    assert jmespath.search(search, found) == expected


def test_an_http_route_names_its_gateway_and_its_hosts() -> None:
    found = named(render(EVERYTHING["demo"]), "HTTPRoute", "fiscal")

    assert found["metadata"]["annotations"] == {"note": "route"}
    assert found["spec"]["parentRefs"] == EVERYTHING["demo"]["httpRoute"]["parentRefs"]
    assert found["spec"]["hostnames"] == ["api.empresa.example"]


@pytest.mark.parametrize(
    ("topology", "expected"),
    [
        ("one", ["fiscal-api", "fiscal-worker-all"]),
        ("two", ["fiscal-api", "fiscal-worker-fast"]),
        ("three", ["fiscal-api", "fiscal-worker-high"]),
    ],
)
def test_those_who_are_waited_for_are_evicted_one_by_one_and_block_no_drain(
    topology: str, expected: list[str]
) -> None:
    found = jmespath.search("[?kind == 'PodDisruptionBudget']", render({"topology": topology}))

    assert [budget["metadata"]["name"] for budget in found] == expected
    assert [budget["spec"]["maxUnavailable"] for budget in found] == [1] * len(found)
    assert not any("minAvailable" in budget["spec"] for budget in found)


@pytest.mark.parametrize(
    ("account", "made", "used"),
    [
        ({}, ["fiscal"], "fiscal"),
        ({"name": "ours"}, ["ours"], "ours"),
        ({"create": False}, [], "default"),
        ({"create": False, "name": "ours"}, [], "ours"),
    ],
)
def test_the_account_of_the_pods_has_no_token_and_the_migration_needs_none(
    account: Object, made: list[str], used: str
) -> None:
    objects = render({"serviceAccount": account, **DEMO})
    accounts = [thing for thing in objects if thing["kind"] == "ServiceAccount"]

    assert [one["metadata"]["name"] for one in accounts] == made
    assert [one["automountServiceAccountToken"] for one in accounts] == [False] * len(made)
    for pod in pods(objects):
        # The hook runs before an upgrade has made a new account.
        expected = "default" if pod.role == "migrate" else used
        assert pod.spec["serviceAccountName"] == expected, pod.name
    assert not {"Role", "ClusterRole", "RoleBinding"} & {thing["kind"] for thing in objects}


@pytest.mark.parametrize(
    ("release", "override", "expected"),
    [("fiscal", "", "fiscal"), ("my-fiscal", "", "my-fiscal"), ("prod", "", "prod-fiscal"),
     ("prod", "books", "books")],
)  # fmt: skip
def test_every_name_begins_with_the_release_s_so_that_two_can_live_side_by_side(
    release: str, override: str, expected: str
) -> None:
    for thing in render({"fullnameOverride": override, **DEMO}, release=release):
        name = thing["metadata"]["name"]
        assert name == expected or name.startswith(f"{expected}-"), name
        assert thing["metadata"]["labels"]["app.kubernetes.io/instance"] == release
