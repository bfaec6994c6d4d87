"""Every pod that the chart makes, whatever makes it: confined, bounded and looked after."""

from copy import deepcopy
from typing import Any

import pytest

from tests.helm.chart import Object, render
from tests.helm.pod_security import violations
from tests.helm.pods import Pod, by_role, pods
from tests.helm.sets import DEMO, EVERYTHING, every_set

STORES = {"redis", "postgres"}
UIDS = {"redis": 999, "postgres": 999}
ONE_SHOT = {"migrate", "seed", "test", "backup"}


@every_set
def test_pod_security_restricted_would_let_every_pod_in(values: Object) -> None:
    assert {pod.name: violations(pod.spec) for pod in pods(render(values))} == {
        pod.name: [] for pod in pods(render(values))
    }


@every_set
def test_no_pod_writes_to_its_image_or_holds_a_token_of_the_cluster(values: Object) -> None:
    for pod in pods(render(values)):
        uid = UIDS.get(pod.role, 10001)
        security = pod.spec["securityContext"]
        identity = [security[key] for key in ("runAsUser", "runAsGroup", "fsGroup")]
        assert (pod.name, identity) == (pod.name, [uid] * 3)
        assert pod.spec["automountServiceAccountToken"] is False, pod.name
        assert pod.spec["enableServiceLinks"] is False, pod.name
        for container in pod.containers:
            assert container["securityContext"]["readOnlyRootFilesystem"] is True, pod.name


@every_set
def test_every_container_asks_for_what_it_needs_and_is_stopped_at_what_it_may_have(
    values: Object,
) -> None:
    for pod in pods(render(values)):
        for container in pod.containers:
            resources = container["resources"]
            assert {"cpu", "memory"} <= resources["requests"].keys(), pod.name
            assert resources["limits"]["memory"], pod.name


def test_no_cpu_is_limited_by_default() -> None:
    for pod in pods(render(DEMO)):
        for container in pod.containers:
            assert "cpu" not in container["resources"]["limits"], pod.name


@every_set
def test_what_is_written_to_memory_or_to_a_node_has_a_bound(values: Object) -> None:
    for pod in pods(render(values)):
        own = [v for v in pod.spec["volumes"] if v["name"] not in ("more", "default", "other")]
        bounded = ("persistentVolumeClaim", "secret")
        scratch = [volume for volume in own if not any(kind in volume for kind in bounded)]
        assert all(volume["emptyDir"]["sizeLimit"] for volume in scratch), pod.name


@every_set
def test_every_mount_has_its_volume(values: Object) -> None:
    for pod in pods(render(values)):
        claims = pod.owner["spec"].get("volumeClaimTemplates", [])
        known = {volume["name"] for volume in pod.spec["volumes"]}
        known |= {claim["metadata"]["name"] for claim in claims}
        mounted = {mount["name"] for c in pod.containers for mount in c.get("volumeMounts", [])}
        assert mounted <= known, pod.name


def test_only_chrome_gets_shared_memory_and_postgres_its_own() -> None:
    shared = {
        pod.labels.get("fiscal/worker", pod.role)
        for pod in pods(render({"topology": "two", **DEMO}))
        for volume in pod.spec["volumes"]
        if volume["emptyDir"].get("medium") == "Memory"
    }

    assert shared == {"slow", "postgres"}


def test_the_api_has_time_for_its_pause_and_its_open_requests() -> None:
    (api,) = by_role(render(), "api")
    pause = api.main["lifecycle"]["preStop"]["sleep"]["seconds"]

    assert pause + 30 < api.spec["terminationGracePeriodSeconds"]  # gunicorn gives requests 30 s


def probes_of(pod: Pod) -> dict[str, Any]:
    return {key: value for key, value in pod.main.items() if key.endswith("Probe")}


@every_set
def test_who_lives_is_probed_for_its_start_and_readiness_and_stores_are_never_killed(
    values: Object,
) -> None:
    for pod in pods(render(values)):
        expected = {"startupProbe", "readinessProbe", "livenessProbe"}
        expected = expected - {"livenessProbe"} if pod.role in STORES else expected
        expected = set() if pod.role in ONE_SHOT else expected
        assert (pod.name, probes_of(pod).keys()) == (pod.name, expected)


def test_a_probe_asks_a_port_that_is_there_and_a_slow_answer_is_no_death() -> None:
    for pod in pods(render(DEMO)):
        names = {port["name"] for port in pod.main.get("ports", [])}
        for name, probe in probes_of(pod).items():
            assert probe.get("httpGet", {}).get("port", "http") in names | {"http"}, pod.name
            assert "httpGet" not in probe or names, pod.name
            if name == "livenessProbe":
                ready = pod.main["readinessProbe"]
                assert probe["periodSeconds"] > ready["periodSeconds"], pod.name


@pytest.mark.parametrize("role", ["worker", "beat"])
def test_a_worker_is_out_of_service_after_a_minute_of_silence_and_restarted_after_five(
    role: str,
) -> None:
    (pod,) = by_role(render(), role)

    assert "-mmin -1 " in pod.main["readinessProbe"]["exec"]["command"][-1]
    assert "-mmin -5 " in pod.main["livenessProbe"]["exec"]["command"][-1]


@every_set
def test_who_needs_the_schema_waits_for_it_and_nobody_else_does(values: Object) -> None:
    for pod in pods(render(values)):
        waits = [one["name"] for one in pod.spec.get("initContainers", [])]
        needs = pod.role in {"api", "worker", "beat", "seed", "backup"}
        assert waits == (["wait-for-schema"] if needs else []), pod.name


def test_every_image_of_ours_has_one_version_and_comes_from_the_registry_that_is_named() -> None:
    images = {c["image"] for pod in pods(render(EVERYTHING["demo"])) for c in pod.containers}

    assert images == {
        "registry.example/team/fiscal-slim:7",
        "registry.example/team/fiscal-selenium:7",
        "registry.example/team/fiscal-simulator:7",
        "registry.example/redis:8",
        "registry.example/postgres:17",
    }
    default = {c["image"] for pod in pods(render({"topology": "two"})) for c in pod.containers}
    assert default == {
        "fiscal-slim:0.1.0", "fiscal-selenium:0.1.0", "redis:8-trixie", "pgvector/pgvector:pg17"
    }  # fmt: skip


def test_a_registry_may_be_written_with_a_slash_at_its_end() -> None:
    (api,) = by_role(render({"image": {"registry": "registry.example/"}}), "api")

    assert api.main["image"] == "registry.example/fiscal-slim:0.1.0"


def test_every_pod_pulls_with_the_secrets_and_the_policy_that_are_named() -> None:
    for pod in pods(render(EVERYTHING["demo"])):
        assert pod.spec["imagePullSecrets"] == [{"name": "pull"}], pod.name
        assert {c["imagePullPolicy"] for c in pod.containers} == {"Always"}, pod.name


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda s: s.update(hostNetwork=True), "hostNetwork is on"),
        (lambda s: s["volumes"].append({"name": "a", "hostPath": {}}), "volume a is a hostPath"),
        (lambda s: s["securityContext"].update(sysctls=[]), "securityContext sets sysctls"),
        (lambda s: s["securityContext"].pop("runAsNonRoot"), "it may run as root"),
        (lambda s: s["securityContext"].update(runAsUser=0), "it may run as root"),
        (lambda s: s["securityContext"].pop("seccompProfile"), "it has no seccomp profile"),
        (lambda s: own(s).pop("allowPrivilegeEscalation"), "privileges may escalate"),
        (lambda s: own(s).pop("capabilities"), "capabilities are not dropped"),
        (lambda s: own(s)["capabilities"].update(add=["CHOWN"]), "capabilities are added"),
        (lambda s: own(s).update(privileged=True), "securityContext sets privileged"),
        (lambda s: s["initContainers"][0].pop("securityContext"), "privileges may escalate"),
        (lambda s: s["containers"][0]["ports"][0].update(hostPort=80), "port 80 of the node"),
    ],
)  # fmt: skip
def test_the_restated_rules_find_what_restricted_refuses(change: Any, fault: str) -> None:
    spec = deepcopy(by_role(render(), "api")[0].spec)
    change(spec)

    assert any(fault in found for found in violations(spec))


def own(spec: dict[str, Any]) -> dict[str, Any]:
    context: dict[str, Any] = spec["containers"][0]["securityContext"]
    return context
