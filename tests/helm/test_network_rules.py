"""The reading of NetworkPolicies itself: it says no where Kubernetes would, and only there."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helm.network import Endpoint, Port, permitted, selects

WEB = Endpoint("web", "10.0.0.1", "shop", {"app": "web"}, {"team": "a"}, {"http": 8080})
STORE = Endpoint("store", "10.0.0.2", "shop", {"app": "store"}, {"team": "a"}, {"http": 80})
ALIEN = Endpoint("alien", "10.0.0.3", "moon", {"app": "web"}, {"team": "b"})
OUTSIDE = Endpoint("outside", "203.0.113.7")
ENDS = [WEB, STORE, ALIEN, OUTSIDE]
HTTP = Port(80)


def policy(selector: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "p", "namespace": "shop"},
        "spec": {"podSelector": {"matchLabels": selector or {}}, **spec},
    }


def ingress_from(*peers: dict[str, Any]) -> dict[str, Any]:
    return policy({"app": "store"}, ingress=[{"from": list(peers)}])


POD, SPACE = {"matchLabels": {"app": "web"}}, {"matchLabels": {"team": "b"}}


@pytest.mark.parametrize(
    ("peers", "let_in"),
    [
        ([{"podSelector": POD}], {"web"}),
        ([{"podSelector": {}}], {"web"}),
        ([{"namespaceSelector": SPACE}], {"alien"}),
        ([{"namespaceSelector": {}}], {"web", "alien"}),
        ([{"namespaceSelector": SPACE, "podSelector": POD}], {"alien"}),  # both
        ([{"namespaceSelector": SPACE}, {"podSelector": POD}], {"web", "alien"}),  # either
        ([{"ipBlock": {"cidr": "203.0.113.0/24"}}], {"outside"}),
        ([{"ipBlock": {"cidr": "203.0.113.0/24", "except": ["203.0.113.0/29"]}}], set()),
        ([{"ipBlock": {"cidr": "2001:db8::/32"}}], set()),
        ([{"ipBlock": {"cidr": "0.0.0.0/0"}}], {"web", "alien", "outside"}),
        ([], {"web", "alien", "outside"}),  # a rule without peers means everybody
    ],
)
def test_peers_are_joined_as_the_documentation_says(
    peers: list[dict[str, Any]], let_in: set[str]
) -> None:
    policies = [ingress_from(*peers)]

    callers = (WEB, ALIEN, OUTSIDE)
    assert {end.name for end in callers if permitted(policies, end, STORE, HTTP)} == let_in


@pytest.mark.parametrize(
    ("ports", "expected"),
    [
        ([{"port": 80}], {"80/TCP"}),
        ([{"port": 80, "protocol": "UDP"}], {"80/UDP"}),
        ([{"port": "http"}], {"80/TCP"}),  # what the target calls so
        ([{"port": "other"}], set()),
        ([{"port": 79, "endPort": 80}], {"79/TCP", "80/TCP"}),
        ([{"protocol": "TCP"}], {"79/TCP", "80/TCP", "81/TCP"}),
        ([], {"79/TCP", "80/TCP", "81/TCP", "79/UDP", "80/UDP", "81/UDP"}),
    ],
)
def test_ports_are_read_as_the_documentation_says(ports: list[Any], expected: set[str]) -> None:
    policies = [policy({"app": "store"}, ingress=[{"ports": ports}])]
    tried = [Port(number, protocol) for number in (79, 80, 81) for protocol in ("TCP", "UDP")]

    opened = {f"{p.number}/{p.protocol}" for p in tried if permitted(policies, WEB, STORE, p)}
    assert opened == expected


@pytest.mark.parametrize(
    ("spec", "into_store", "out_of_store"),
    [
        ({}, False, True),  # no types: ingress always, egress only with rules
        ({"egress": [{}]}, False, True),
        ({"egress": [{"ports": [{"port": 1}]}]}, False, False),
        ({"policyTypes": ["Egress"]}, True, False),
        ({"policyTypes": ["Ingress", "Egress"]}, False, False),
        ({"policyTypes": ["Ingress"], "ingress": [{}]}, True, True),
    ],
)
def test_a_policy_without_rules_forbids_what_its_types_name(
    spec: dict[str, Any], into_store: bool, out_of_store: bool
) -> None:
    policies = [policy({"app": "store"}, **spec)]

    assert permitted(policies, WEB, STORE, HTTP) is into_store
    assert permitted(policies, STORE, WEB, HTTP) is out_of_store
    assert permitted(policies, WEB, ALIEN, HTTP)  # of whom the policy says nothing


def test_a_policy_holds_in_its_own_namespace_only() -> None:
    assert not permitted([policy()], WEB, STORE, HTTP)
    assert permitted([policy()], WEB, ALIEN, HTTP)


@pytest.mark.parametrize(
    ("operator", "values", "matches"),
    [("In", ["web"], True), ("In", ["api"], False), ("NotIn", ["api"], True),
     ("NotIn", ["web"], False), ("Exists", [], True), ("DoesNotExist", [], False)],
)  # fmt: skip
def test_expressions_of_a_selector_are_read(
    operator: str, values: list[str], matches: bool
) -> None:
    expression = {"key": "app", "operator": operator, "values": values}

    assert selects({"matchExpressions": [expression]}, WEB.labels) is matches


selectors = st.sampled_from([{}, POD, SPACE, {"matchLabels": {"app": "store"}}])
peers = st.one_of(
    st.builds(lambda pod: {"podSelector": pod}, selectors),
    st.builds(lambda space: {"namespaceSelector": space}, selectors),
    st.sampled_from([{"ipBlock": {"cidr": "0.0.0.0/0"}}, {"ipBlock": {"cidr": "10.0.0.0/31"}}]),
)
ports = st.lists(st.sampled_from([{"port": 80}, {"port": 81}, {"port": "http"}]), max_size=2)
rules = st.lists(
    st.builds(
        lambda ps, to: {"ports": ps, "to": to, "from": to}, ports, st.lists(peers, max_size=2)
    ),
    max_size=2,
)
types = st.sampled_from([["Ingress"], ["Egress"], ["Ingress", "Egress"]])
written = st.builds(
    lambda labels, kinds, one, two: policy(labels, policyTypes=kinds, ingress=one, egress=two),
    st.sampled_from([{}, {"app": "web"}, {"app": "store"}]), types, rules, rules,
)  # fmt: skip
ends = st.sampled_from(ENDS)


@given(ends, ends)
def test_nothing_is_forbidden_where_there_is_no_policy(source: Endpoint, target: Endpoint) -> None:
    assert permitted([], source, target, HTTP)


@given(st.lists(written, max_size=3), ends, ends)
def test_a_policy_that_denies_all_closes_its_namespace_whatever_else_is_there_for_others(
    policies: list[dict[str, Any]], source: Endpoint, target: Endpoint
) -> None:
    no_rules = [{**one, "spec": {**one["spec"], "ingress": [], "egress": []}} for one in policies]
    deny = policy(policyTypes=["Ingress", "Egress"])

    touches_shop = "shop" in (source.namespace, target.namespace)
    assert permitted([*no_rules, deny], source, target, HTTP) is not touches_shop


@given(st.lists(written, max_size=3), written, ends, ends)
def test_one_more_rule_never_takes_a_connection_away(
    policies: list[dict[str, Any]], more: dict[str, Any], source: Endpoint, target: Endpoint
) -> None:
    deny = policy(policyTypes=["Ingress", "Egress"])  # all are isolated already
    before = permitted([*policies, deny], source, target, HTTP)

    assert permitted([*policies, more, deny], source, target, HTTP) or not before


@given(st.lists(written, max_size=3), ends, ends)
def test_the_order_of_policies_says_nothing(
    policies: list[dict[str, Any]], source: Endpoint, target: Endpoint
) -> None:
    assert permitted(policies, source, target, HTTP) == permitted(
        policies[::-1], source, target, HTTP
    )


@given(st.lists(written, max_size=3), ends, ends)
def test_a_connection_needs_the_leave_of_both_ends(
    policies: list[dict[str, Any]], source: Endpoint, target: Endpoint
) -> None:
    def only(kind: str) -> list[dict[str, Any]]:
        return [
            {**one, "spec": {**one["spec"], "policyTypes": [kind]}}
            for one in policies
            if kind in one["spec"]["policyTypes"]
        ]

    out, into = (permitted(only(kind), source, target, HTTP) for kind in ("Egress", "Ingress"))
    assert permitted(policies, source, target, HTTP) == (out and into)
