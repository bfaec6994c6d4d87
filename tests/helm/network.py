"""What NetworkPolicies permit, by the rules of networking.k8s.io/v1 and nothing else.

The cluster of the tests accepts policies and enforces none, so they are proven by reading: a
connection is open where the policies of its source let it out and those of its target let it in.
(https://kubernetes.io/docs/concepts/services-networking/network-policies)
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any, Literal

from tests.helm.chart import Object
from tests.helm.pods import pods

Direction = Literal["Ingress", "Egress"]


@dataclass(frozen=True)
class Endpoint:
    """One end of a connection. Without a namespace it is outside the cluster."""

    name: str
    address: str
    namespace: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    namespace_labels: Mapping[str, str] = field(default_factory=dict)
    ports: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Port:
    """A port of the pod itself: a policy is applied after a Service has been resolved."""

    number: int
    protocol: str = "TCP"


def permitted(policies: Iterable[Object], source: Endpoint, target: Endpoint, port: Port) -> bool:
    """Returns whether `source` may open a connection to this port of `target`."""
    known = list(policies)
    return _lets(known, "Egress", source, target, target, port) and _lets(
        known, "Ingress", target, source, target, port
    )


def _lets(
    policies: list[Object],
    direction: Direction,
    subject: Endpoint,
    peer: Endpoint,
    target: Endpoint,
    port: Port,
) -> bool:
    """Nothing is forbidden to a pod that no policy selects; to another all that none permits."""
    selecting = [policy for policy in policies if _isolates(policy, direction, subject)]
    rules = [
        rule
        for policy in selecting
        for rule in policy["spec"].get(direction.lower()) or []
        if _port_matches(rule, target, port) and _peer_matches(rule, direction, policy, peer)
    ]
    return not selecting or bool(rules)


def _isolates(policy: Object, direction: Direction, pod: Endpoint) -> bool:
    spec = policy["spec"]
    # Left out, it is Ingress always, and Egress where there are rules for it.
    types = spec.get("policyTypes") or ["Ingress", *(["Egress"] if spec.get("egress") else [])]
    return (
        direction in types
        and pod.namespace == _namespace(policy)
        and selects(spec["podSelector"], pod.labels)
    )


def _namespace(policy: Object) -> str:
    return str(policy["metadata"].get("namespace", "fiscal"))


def _peer_matches(rule: Object, direction: Direction, policy: Object, peer: Endpoint) -> bool:
    """No list of peers, or an empty one, means everybody."""
    peers = rule.get("from" if direction == "Ingress" else "to")
    return not peers or any(_is_peer(one, _namespace(policy), peer) for one in peers)


def _is_peer(described: Object, namespace: str, peer: Endpoint) -> bool:
    """Both selectors in one entry have to hold; without a namespaceSelector it is the policy's."""
    if "ipBlock" in described:
        return _in_block(described["ipBlock"], peer.address)
    if peer.namespace is None:
        return False
    if "namespaceSelector" in described:
        if not selects(described["namespaceSelector"], peer.namespace_labels):
            return False
    elif peer.namespace != namespace:
        return False
    return selects(described.get("podSelector") or {}, peer.labels)


def _in_block(block: Object, address: str) -> bool:
    """Networks differ in whether a block covers pods; to be safe it does here."""
    there = ip_address(address)
    return there in ip_network(block["cidr"]) and not any(
        there in ip_network(hole) for hole in block.get("except") or []
    )


def _port_matches(rule: Object, target: Endpoint, port: Port) -> bool:
    ports = rule.get("ports")
    return not ports or any(_is_port(one, target, port) for one in ports)


def _is_port(described: Object, target: Endpoint, port: Port) -> bool:
    if described.get("protocol", "TCP") != port.protocol:
        return False
    first = described.get("port")
    if first is None:
        return True
    if isinstance(first, str):  # a name: whatever the target calls so
        return target.ports.get(first) == port.number
    return bool(first <= port.number <= described.get("endPort", first))


def selects(selector: Object, labels: Mapping[str, str]) -> bool:
    """Returns whether a label selector matches; an empty one matches everything."""
    return all(
        labels.get(key) == value for key, value in (selector.get("matchLabels") or {}).items()
    ) and all(_holds(one, labels) for one in selector.get("matchExpressions") or [])


def _holds(expression: Object, labels: Mapping[str, str]) -> bool:
    key, values = expression["key"], expression.get("values", [])
    truths = {
        "In": labels.get(key) in values,
        "NotIn": labels.get(key) not in values,
        "Exists": key in labels,
        "DoesNotExist": key not in labels,
    }
    return truths[expression["operator"]]


def policies_of(objects: Iterable[Object]) -> list[Object]:
    return [one for one in objects if one["kind"] == "NetworkPolicy"]


def endpoints(objects: Iterable[Object], namespace: str = "fiscal") -> list[Endpoint]:
    """Returns one endpoint for each pod that the objects would make."""
    return [
        Endpoint(
            name=pod.labels.get("fiscal/worker", pod.role),
            address=f"10.42.0.{number}",
            namespace=namespace,
            labels=pod.labels,
            namespace_labels={"kubernetes.io/metadata.name": namespace},
            ports={
                port["name"]: port["containerPort"]
                for container in pod.containers
                for port in container.get("ports", [])
            },
        )
        for number, pod in enumerate(pods(objects), start=10)
    ]


def ports_to_try(policies: Iterable[Object], ends: Iterable[Endpoint]) -> list[Port]:
    """Returns one port of each stretch of ports that the rules treat alike, so: all of them.

    What a rule says of ports changes only at the numbers that it names and right behind them.
    """
    numbers = {1, 65535} | {port for end in ends for port in end.ports.values()}
    for named in _named_ports(policies):
        numbers |= {named - 1, named, named + 1}
    return [Port(number, protocol) for protocol in ("TCP", "UDP") for number in sorted(numbers)]


def _named_ports(policies: Iterable[Object]) -> set[int]:
    rules: list[dict[str, Any]] = [
        rule
        for policy in policies
        for direction in ("ingress", "egress")
        for rule in policy["spec"].get(direction) or []
    ]
    ports = [port for rule in rules for port in rule.get("ports") or []]
    return {
        number
        for port in ports
        for number in (port.get("port"), port.get("endPort"))
        if isinstance(number, int)
    }


def flows(
    objects: Iterable[Object], strangers: Iterable[Endpoint]
) -> dict[str, dict[str, set[str]]]:
    """Returns source -> target -> open ports ("53/UDP") between all pods and all strangers.

    Two strangers are of no interest to each other, and a pod always reaches itself.
    """
    ours, others = endpoints(objects), list(strangers)
    policies = policies_of(objects)
    ports = ports_to_try(policies, ours)
    pairs = [
        (source, target)
        for source in ours + others
        for target in ours + others
        if source is not target and not (source in others and target in others)
    ]
    found: dict[str, dict[str, set[str]]] = {end.name: {} for end in ours + others}
    for source, target in pairs:
        opened = {
            f"{port.number}/{port.protocol}"
            for port in ports
            if permitted(policies, source, target, port)
        }
        if opened:
            found[source.name].setdefault(target.name, set()).update(opened)
    return found
