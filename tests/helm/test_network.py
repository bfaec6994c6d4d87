"""The chart's NetworkPolicies are the table of the design, connection by connection."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.helm.chart import Object, render
from tests.helm.network import Endpoint, Port, endpoints, flows, permitted, policies_of
from tests.helm.pods import pods
from tests.helm.sets import BACKUP, DEMO, OURS, STORES, merged

POSTGRES, REDIS = {"postgres": {"5432/TCP"}}, {"redis": {"6379/TCP"}}
SIMULATOR = {"simulator": {"8080/TCP", "1025/TCP"}}
# role -> whom of ours it may call. Nobody may call beat, a worker, or a pod that runs once.
TABLE: dict[str, dict[str, set[str]]] = {
    "api": POSTGRES | REDIS | SIMULATOR,
    "worker": POSTGRES | REDIS | SIMULATOR,
    "beat": POSTGRES | REDIS,
    "flower": REDIS,
    "metrics": POSTGRES | REDIS,
    "migrate": POSTGRES,
    "backup": POSTGRES,
    "seed": POSTGRES | SIMULATOR,
    "test": POSTGRES | REDIS,
    "simulator": {"api": {"8000/TCP"}},  # reports of messages
    "postgres": {},
    "redis": {},
}
# For everybody, unless values say who.
WAYS_IN = {"api": {"8000/TCP"}, "flower": {"5555/TCP"}, "metrics": {"9464/TCP"}}
NAMES = {"53/UDP", "53/TCP"}  # of a resolver, wherever the cluster has it
WORKERS_OUT = {"443/TCP", "465/TCP", "587/TCP"}  # the portal, WhatsApp, a mail server

STRANGERS = [
    Endpoint("outside", "203.0.113.7"),
    Endpoint("outside, IPv6", "2001:db8::7"),
    Endpoint("resolver", "10.42.1.1", "kube-system", {"k8s-app": "kube-dns"},
             {"kubernetes.io/metadata.name": "kube-system"}),
    Endpoint("neighbour", "10.42.1.2", "fiscal", {"app": "other"},
             {"kubernetes.io/metadata.name": "fiscal"}),
    Endpoint("ingress controller", "10.42.1.3", "ingress", {"app": "nginx"},
             {"kubernetes.io/metadata.name": "ingress"}),
]  # fmt: skip
INGRESS_ONLY = {"ingressFrom": [
    {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress"}}}
]}  # fmt: skip


def expected(objects: list[Object], to_all: dict[str, set[str]]) -> dict[str, Any]:
    """Returns the flows that the table says; `to_all`: more ports by role, on any address."""
    present = {pod.role for pod in pods(objects)}
    table: dict[str, Any] = {}
    for end in endpoints(objects):
        role = end.labels["app.kubernetes.io/component"]
        everywhere = NAMES | to_all.get(role, set())
        ours = {name: ports for name, ports in TABLE[role].items() if name in present}
        table[end.name] = ours | {stranger.name: everywhere for stranger in STRANGERS}
    return table | {stranger.name: WAYS_IN for stranger in STRANGERS}


def one_way(objects: list[Object], direction: str) -> list[Object]:
    """Returns the objects with policies that speak of one direction only."""
    return [
        merged(thing, {"spec": {"policyTypes": [direction]}})
        if thing["kind"] == "NetworkPolicy"
        else thing
        for thing in objects
    ]


def let_out(source: str, target: str) -> set[str]:
    return NAMES | (WORKERS_OUT if source == "worker" else set())


def let_in(source: str, target: str) -> set[str]:
    return WAYS_IN.get(target, set())


@pytest.mark.parametrize(("direction", "besides"), [("Egress", let_out), ("Ingress", let_in)])
def test_either_end_alone_keeps_to_the_table(
    direction: str, besides: Callable[[str, str], set[str]]
) -> None:
    objects = render({"topology": "two", **DEMO})
    roles = {end.name: end.labels["app.kubernetes.io/component"] for end in endpoints(objects)}
    pairs = [(source, target) for source in roles for target in roles if source != target]
    allowed: dict[str, Any] = {source: {} for source in roles}
    for source, target in pairs:
        ports = TABLE[roles[source]].get(roles[target], set()) | besides(
            roles[source], roles[target]
        )
        allowed[source] |= {target: ports} if ports else {}

    assert flows(one_way(objects, direction), []) == allowed


def of(*roles: str, ports: set[str]) -> dict[str, set[str]]:
    return dict.fromkeys(roles, ports)


@pytest.mark.parametrize("topology", ["one", "two", "three"])
@pytest.mark.parametrize("demo", [False, True])
def test_everyone_reaches_whom_the_table_names_and_nobody_else(topology: str, demo: bool) -> None:
    objects = render({"topology": topology, "demo": {"enabled": demo}, **BACKUP})

    assert flows(objects, STRANGERS) == expected(objects, of("worker", ports=WORKERS_OUT))


@pytest.mark.parametrize(
    ("values", "postgres", "redis"),
    [
        (STORES, "5433/TCP", "6390/TCP"),
        ({"postgres": {"externalUrl": "postgresql://u:p@[fd00::5432]/d"},
          "redis": {"externalUrl": "redis://redis.example/0"}}, "5432/TCP", "6379/TCP"),
        (OURS, "5432/TCP", "6379/TCP"),
        (merged(OURS, {"networkPolicy": {"externalPostgresPort": 6432,
                                         "externalRedisPort": 6380}}), "6432/TCP", "6380/TCP"),
    ],
)  # fmt: skip
def test_stores_of_somebody_else_s_are_reached_on_their_port_by_the_same_roles(
    values: Object, postgres: str, redis: str
) -> None:
    objects = render(merged(values, BACKUP))
    out = of("api", "beat", "metrics", "test", ports={postgres, redis})
    out |= of("migrate", "backup", ports={postgres}) | of("flower", ports={redis})
    out |= of("worker", ports=WORKERS_OUT | {postgres, redis})

    assert flows(objects, STRANGERS) == expected(objects, out)


def test_values_name_the_ports_that_workers_need_outside() -> None:
    objects = render({"networkPolicy": {"workerEgressPorts": [443, 2525]}})

    assert flows(objects, STRANGERS) == expected(
        objects, of("worker", ports={"443/TCP", "2525/TCP"})
    )


@pytest.mark.parametrize(
    ("values", "port"),
    [
        ({"secrets": {"smtpUrl": "smtp://u:p@mail.example:2525?starttls=1"}}, "2525/TCP"),
        ({"secrets": {"smtpUrl": "smtp://mail.example"}}, "25/TCP"),
        ({"secrets": {"smtpUrl": "smtps://mail.example"}}, "465/TCP"),
        ({"sii": {"authUrl": "http://proxy.example:8443/zeusr"}}, "8443/TCP"),
        ({"sii": {"homeUrl": "http://proxy.example/misiir"}}, "80/TCP"),
        ({"sii": {"servicesUrl": "https://[2001:db8::1]:4443/"}}, "4443/TCP"),
        ({"whatsapp": {"apiUrl": "https://whatsapp.example:9443"}}, "9443/TCP"),
    ],
)
def test_an_address_that_names_a_port_opens_it_for_workers(values: Object, port: str) -> None:
    for named, others in (([443, 465, 587], WORKERS_OUT), ([], set())):
        objects = render({**values, "networkPolicy": {"workerEgressPorts": named}})

        assert flows(objects, STRANGERS) == expected(objects, of("worker", ports=others | {port}))


@pytest.mark.parametrize(
    ("endpoint", "port"), [("", "443/TCP"), ("http://minio.stores.svc:9000", "9000/TCP")]
)
def test_a_bucket_of_pdfs_opens_its_port_for_those_who_read_and_write_them(
    endpoint: str, port: str
) -> None:
    pdfs = {"store": "s3", "bucket": "fiscal-pdfs", "endpointUrl": endpoint}
    objects = render({"pdfs": pdfs, "networkPolicy": {"workerEgressPorts": []}})

    assert flows(objects, STRANGERS) == expected(objects, of("api", "worker", ports={port}))


@pytest.mark.parametrize("demo", [{}, DEMO], ids=["real", "demo"])
def test_a_collector_of_traces_opens_its_port_for_those_who_send_them(demo: Object) -> None:
    traces = {"traces": {"endpoint": "http://collector:4318"}}
    objects = render(merged(demo, traces | {"networkPolicy": {"workerEgressPorts": []}}))

    assert flows(objects, STRANGERS) == expected(
        objects, of("api", "worker", "beat", ports={"4318/TCP"})
    )


def test_a_demo_opens_no_port_for_addresses_that_it_does_not_use() -> None:
    away = {"sii": {"authUrl": "https://proxy.example:8443"}}

    assert policies_of(render(merged(DEMO, away))) == policies_of(render(DEMO))


def test_without_ports_outside_a_worker_reaches_nobody_there() -> None:
    objects = render({"networkPolicy": {"workerEgressPorts": []}})

    assert flows(objects, STRANGERS) == expected(objects, {})


def test_no_rule_is_empty_because_an_empty_one_lets_everything_through() -> None:
    for values in ({}, DEMO, STORES, OURS, {"networkPolicy": {"workerEgressPorts": []}}):
        for policy in policies_of(render(values)):
            spec = policy["spec"]
            for rule in [*(spec["egress"] or []), *(spec["ingress"] or [])]:
                assert rule.get("ports"), policy["metadata"]["name"]


def test_values_name_who_may_come_in() -> None:
    found = flows(render({"networkPolicy": INGRESS_ONLY}), STRANGERS)

    assert found["ingress controller"] == WAYS_IN
    for stranger in STRANGERS:
        assert stranger.name == "ingress controller" or found[stranger.name] == {}


def test_another_release_in_the_namespace_is_a_stranger() -> None:
    objects = [*render(DEMO), *render(DEMO, release="second-fiscal")]
    mine = [end for end in endpoints(objects) if end.labels[INSTANCE] == "fiscal"]
    theirs = [end for end in endpoints(objects) if end.labels[INSTANCE] == "second-fiscal"]
    policies = policies_of(objects)

    assert {
        (source.name, target.name)
        for source in mine
        for target in theirs
        for port in (5432, 6379, 8080, 1025, 8000, 5555, 9464)
        if permitted(policies, source, target, Port(port))
    } == set()


INSTANCE = "app.kubernetes.io/instance"


def test_without_policies_nothing_is_forbidden_and_none_is_written() -> None:
    objects = render({"networkPolicy": {"enabled": False}})

    assert policies_of(objects) == []
    assert "9/TCP" not in flows(objects, STRANGERS)["outside"]["beat"]  # ports of rules and pods
    assert "6379/TCP" in flows(objects, STRANGERS)["outside"]["redis"]


def test_every_pod_is_under_a_policy_of_both_directions() -> None:
    objects = render(merged(DEMO, BACKUP))
    for policy in policies_of(objects):
        assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
    selected = {
        policy["spec"]["podSelector"]["matchLabels"]["app.kubernetes.io/component"]
        for policy in policies_of(objects)
    }
    assert selected == {pod.role for pod in pods(objects)} == set(TABLE)
