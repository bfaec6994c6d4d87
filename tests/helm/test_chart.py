"""What the chart renders, without a cluster."""

from typing import Any

import pytest
import yaml

from tests.helm.chart import ROOT, Object, chart_file, lint, notes, refusal, render
from tests.helm.network import policies_of
from tests.helm.pods import Pod, by_role, named, pods, workers
from tests.helm.schemas import VERSIONS, faults

TOPOLOGIES = ("one", "two", "three")
STORES = {
    "redis": {"externalUrl": "rediss://:password-1@redis.example:6380/0"},
    "postgres": {"externalUrl": "postgresql://fiscal:password-2@db.example:5432/fiscal"},
}
SCHEDULING: dict[str, Any] = {
    "nodeSelector": {"disk": "ssd"},
    "tolerations": [{"key": "chrome", "operator": "Exists"}],
    "priorityClassName": "people-wait",
    "topologySpreadConstraints": [
        {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}
    ],
    "podLabels": {"team": "fiscal"},
    "podAnnotations": {"note": "a"},
    "env": {"TZ": "America/Santiago"},
    "extraEnv": [{"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}],
    "extraVolumes": [{"name": "more", "emptyDir": {}}],
    "extraVolumeMounts": [{"name": "more", "mountPath": "/more"}],
}
ALL_ON: dict[str, Any] = {
    **STORES,
    "topology": "three",
    "workerDefaults": SCHEDULING,
    "api": {"replicas": 2, **SCHEDULING},
    "image": {"registry": "registry.example/team", "tag": "7", "pullSecrets": [{"name": "pull"}]},
    "whatsapp": {"phoneNumberId": "1234"},
    "mail": {"from": "avisos@empresa.example"},
    "secrets": {
        "apiKeys": "explicit-api-key",
        "whatsappAccessToken": "explicit-token",
        "smtpUrl": "smtp://user:explicit-mail@mail.example:587",
    },
    "ingress": {"enabled": True, "className": "nginx", "hosts": ["api.example"], "flower": True},
    "httpRoute": {"enabled": True, "parentRefs": [{"name": "public"}], "flower": True},
}
EVERY = {
    **{topology: {"topology": topology} for topology in TOPOLOGIES},
    **{f"{t}-demo": {"topology": t, "demo": {"enabled": True}} for t in TOPOLOGIES},
    "external": STORES,
    "all on": ALL_ON,
    "existing secrets": {
        "secrets": {"existingSecret": "ours"},
        "postgres": {"existingSecret": "database"},
    },
}
every_values = pytest.mark.parametrize("values", EVERY.values(), ids=EVERY)


@every_values
def test_helm_lints_it_and_each_supported_kubernetes_accepts_every_object(values: Object) -> None:
    assert "0 chart(s) failed" in lint(values)
    for version in VERSIONS:
        assert [fault for thing in render(values) for fault in faults(thing, version)] == []


@every_values
def test_every_pod_is_what_pod_security_restricted_asks(values: Object) -> None:
    for pod in pods(render(values)):
        security = pod.spec["securityContext"]
        assert security["runAsNonRoot"] is True, pod.name
        assert security["runAsUser"] > 0, pod.name
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}, pod.name
        assert pod.spec["automountServiceAccountToken"] is False, pod.name
        assert {next(iter(v.keys() - {"name"})) for v in pod.spec["volumes"]} <= {"emptyDir"}
        assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.spec.keys(), pod.name
        for container in pod.containers:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, pod.name
            assert container["resources"]["limits"]["memory"], pod.name
            assert container["resources"]["requests"]["memory"], pod.name


@every_values
def test_no_secret_stands_outside_a_secret(values: Object) -> None:
    outside = yaml.dump([thing for thing in render(values) if thing["kind"] != "Secret"])
    for secret in ("password-1", "password-2", "explicit-"):
        assert secret not in outside
    assert [thing for thing in render(values) if thing["kind"] == "ConfigMap"] == []


def test_notes_tell_how_to_read_a_password_and_never_the_password() -> None:
    printed = notes('{"secrets": {"apiKeys": "explicit-api-key"}}')

    assert "explicit" not in printed
    assert "get secret fiscal --output jsonpath='{.data.api-keys}' | base64 --decode" in printed


def test_beat_is_one_and_gone_before_the_next_whatever_the_values() -> None:
    beat = named(render(ALL_ON), "Deployment", "fiscal-beat")

    assert (beat["spec"]["replicas"], beat["spec"]["strategy"]) == (1, {"type": "Recreate"})
    assert "replicas" not in chart_file("values.schema.json")["properties"]["beat"]["properties"]
    assert "beat: Additional property replicas is not allowed" in refusal({}, "beat.replicas=2")


def test_a_first_install_migrates_by_an_ordinary_job_that_every_reader_waits_for() -> None:
    (job,) = (one for one in render() if one["kind"] == "Job")

    assert job["metadata"]["name"].startswith("fiscal-migrate-")
    assert "annotations" not in job["metadata"]
    for role in ("api", "worker", "beat"):
        (waits,) = by_role(render(), role)[0].spec["initContainers"]
        assert waits["args"][:2] == ["fiscal", "wait-for-schema"]


def test_what_is_said_for_workers_reaches_their_pods_and_a_worker_may_say_otherwise() -> None:
    values = {**ALL_ON, "topology": "mine", "topologies": {"mine": [
        {"name": "mixed", "image": "selenium", "queues": ["high", "default", "low"]},
        {"name": "bulk", "image": "selenium", "queues": ["low"], "replicas": 0,
         "priorityClassName": "", "env": {"TZ": "UTC"}},
    ]}}  # fmt: skip
    found = workers(render(values))
    mixed, bulk = found["mixed"], found["bulk"]

    assert mixed.spec["priorityClassName"] == "people-wait"
    assert mixed.spec["nodeSelector"] == {"disk": "ssd"}
    (spread,) = mixed.spec["topologySpreadConstraints"]
    assert spread["labelSelector"]["matchLabels"]["fiscal/worker"] == "mixed"
    assert mixed.environment["TZ"] == "America/Santiago"
    assert mixed.main["image"] == "registry.example/team/fiscal-selenium:7"
    assert "priorityClassName" not in bulk.spec
    assert bulk.environment["TZ"] == "UTC"
    assert bulk.owner["spec"]["replicas"] == 0


def test_those_who_are_waited_for_have_a_disruption_budget_that_blocks_no_drain() -> None:
    budgets = [one for one in render({"topology": "three"}) if one["kind"] == "PodDisruptionBudget"]

    assert [one["metadata"]["name"] for one in budgets] == ["fiscal-api", "fiscal-worker-high"]
    assert {one["spec"]["maxUnavailable"] for one in budgets} == {1}


@pytest.mark.parametrize("name", ["fourth-worker", "two-selenium"])
def test_an_example_is_values_alone(name: str) -> None:
    values = yaml.safe_load((ROOT / "deploy/helm/examples" / f"{name}.yaml").read_text())

    expected = [worker["name"] for worker in values["topologies"][values["topology"]]]
    assert sorted(workers(render(values))) == sorted(expected)


def template_of(pod: Pod) -> object:
    return pod.labels, pod.annotations, pod.spec


@pytest.mark.parametrize(
    ("change", "restarted"),
    [
        ({"secrets": {"apiKeys": "another"}}, {"fiscal-api"}),
        ({"secrets": {"flowerBasicAuth": "a:b"}}, {"fiscal-flower"}),
        (
            {"sii": {"minRequestInterval": 3}},
            {"fiscal-api", "fiscal-worker-fast", "fiscal-worker-slow"},
        ),
        ({"api": {"webConcurrency": 3}}, {"fiscal-api"}),
        ({"ingress": {"enabled": True, "hosts": ["a.example"]}}, set()),
    ],
)  # fmt: skip
def test_a_change_restarts_what_reads_it_and_nothing_else(
    change: Object, restarted: set[str]
) -> None:
    before = {pod.name: template_of(pod) for pod in pods(render({"topology": "two"}))}
    after = {pod.name: template_of(pod) for pod in pods(render({"topology": "two", **change}))}

    assert {name for name in before if before[name] != after.get(name)} == restarted


NETWORK = {
    "api": {"postgres", "redis", "simulator"},
    "worker": {"postgres", "redis", "simulator"},
    "beat": {"postgres", "redis"},
    "flower": {"redis"},
    "migrate": {"postgres"},
    "seed": {"postgres", "redis", "simulator"},
    "test": {"postgres", "redis"},
}


def test_the_network_is_the_table_of_the_design() -> None:
    objects = render({"demo": {"enabled": True}})
    component = "app.kubernetes.io/component"
    for policy in policies_of(objects):
        role = policy["spec"]["podSelector"]["matchLabels"][component]
        reached = {
            peer["podSelector"]["matchLabels"][component]
            for rule in policy["spec"]["egress"]
            for peer in rule.get("to", [])
        }
        callers = {
            peer["podSelector"]["matchLabels"][component] if "podSelector" in peer else "outside"
            for rule in policy["spec"]["ingress"] or []
            for peer in rule.get("from", [{}])
        }
        expected = {caller for caller, peers in NETWORK.items() if role in peers}
        assert reached == NETWORK.get(role, set()), role
        assert callers == expected | ({"outside"} if role in ("api", "flower") else set()), role
    assert {pod.role for pod in pods(objects)} == {
        policy["spec"]["podSelector"]["matchLabels"][component] for policy in policies_of(objects)
    }


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (["topology=four"], "topology four is none of those in `topologies`: one, three, two"),
        (["topologies.one[0].image=slim"], "name is required"),
        (["redis.externalUrl=redis://:p@h:1/0,redis.existingSecret=x"], "are both set"),
        (["secrets.existingSecret=x,secrets.apiKeys=y"], "secrets.apiKeys are both set"),
        (["ingress.enabled=true"], "ingress.enabled needs a host name"),
        (["httpRoute.enabled=true"], "httpRoute.enabled needs a Gateway"),
        (["mail.from=a@b.example"], "mail.from is set and the mail server is not"),
        (["api.replicas=two"], "api.replicas: Invalid type"),
        (["nonsense=1"], "Additional property nonsense is not allowed"),
    ],
)
def test_values_that_cannot_work_are_refused_in_a_sentence(
    settings: list[str], sentence: str
) -> None:
    assert sentence in refusal({}, *settings)


WORKER = {"name": "a", "image": "selenium", "queues": ["high", "default", "low"]}


@pytest.mark.parametrize(
    ("listed", "sentence"),
    [
        ([{**WORKER, "queues": ["high"]}], "has no worker for queue default"),
        ([{**WORKER, "image": "slim"}], "whose tasks need Chrome, on image slim"),
        ([WORKER, WORKER], "two workers named a"),
        ([{**WORKER, "queueSlots": {"low": 3}}], "gives queue low 3 slots"),
        ([WORKER, {**WORKER, "name": "b", "queues": ["low"], "queueSlots": {"high": 1}}],
         "which it does not consume"),
        ([{**WORKER, "softShutdownSeconds": 60}], "must be less than"),
        ([{**WORKER, "queues": ["urgent"]}], "topologies.mine.0.queues.0"),
    ],
)  # fmt: skip
def test_workers_that_cannot_work_are_refused_in_a_sentence(
    listed: list[Object], sentence: str
) -> None:
    assert sentence in refusal({"topology": "mine", "topologies": {"mine": listed}})


def described(schema: Object, root: Object, path: str = "") -> set[str]:
    """Returns the path of every key that a schema describes."""
    while "$ref" in schema:
        target: Any = root
        for step in schema["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        schema = target
    for part in schema.get("allOf", []):  # a reference beside a description of its own
        return described(part, root, path)
    found = set()
    for key, inner in schema.get("properties", {}).items():
        found |= {f"{path}{key}"} | described(inner, root, f"{path}{key}.")
    return found


def given(values: Object, path: str = "") -> set[str]:
    found = set()
    for key, inner in values.items():
        found.add(f"{path}{key}")
        if isinstance(inner, dict) and f"{path}{key}" != "topologies":
            found |= given(inner, f"{path}{key}.")
    return found


def test_schema_and_values_cannot_part() -> None:
    schema = chart_file("values.schema.json")
    values = chart_file("values.yaml")

    assert given(values) - described(schema, schema) == set()
    assert schema["required"] == [key for key in schema["properties"] if key != "global"]
    assert set(schema["required"]) == values.keys()


def test_the_chart_has_the_version_of_the_product() -> None:
    chart = chart_file("Chart.yaml")

    assert f'version = "{chart["version"]}"' in (ROOT / "pyproject.toml").read_text()
    assert chart["version"] == chart["appVersion"]
