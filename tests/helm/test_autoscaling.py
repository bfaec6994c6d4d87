"""Copies by KEDA: who is scaled, by what, and what can never end a scrape."""

import json
from base64 import b64decode
from urllib.parse import parse_qs, urlsplit

import yaml

from app.infrastructure.celery.topology import QUEUES
from tests.helm.chart import CHART, Object, render
from tests.helm.pods import named

AUTOSCALED = yaml.safe_load((CHART / "examples" / "autoscaled.yaml").read_text())
SLOW = "fiscal-worker-slow"


def scaled(objects: list[Object]) -> dict[str, Object]:
    return {o["metadata"]["name"]: o["spec"] for o in objects if o["kind"] == "ScaledObject"}


def test_nobody_is_scaled_unless_it_is_asked_for() -> None:
    for topology in ("one", "two", "three"):
        objects = render({"topology": topology})
        assert {o["kind"] for o in objects} & {"ScaledObject", "TriggerAuthentication"} == set()


def test_only_the_worker_that_asks_is_scaled_and_has_no_number_of_its_own() -> None:
    objects = render(AUTOSCALED)
    assert list(scaled(objects)) == [SLOW]
    for name in ("high", "default", "slow"):
        spec = named(objects, "Deployment", f"fiscal-worker-{name}")["spec"]
        assert ("replicas" in spec) == (name != "slow")


def test_it_asks_the_role_metrics_for_what_waits_and_runs_in_its_queues() -> None:
    objects = render(AUTOSCALED)
    (trigger,) = scaled(objects)[SLOW]["triggers"]
    url = urlsplit(trigger["metadata"]["url"])
    service = named(objects, "Service", "fiscal-metrics")

    assert url.hostname == f"{service['metadata']['name']}.fiscal.svc"  # name.namespace.svc
    assert url.port in {port["port"] for port in service["spec"]["ports"]}
    assert url.path == "/workers/slow"
    assert set(parse_qs(url.query)["queues"][0].split(",")) <= set(QUEUES)
    assert trigger["metadata"]["targetValue"] == "1"  # its concurrency


def test_its_account_is_one_that_the_role_takes() -> None:
    objects = render(AUTOSCALED)
    (secret,) = [thing for thing in objects if thing["kind"] == "Secret"]
    data = {key: b64decode(value).decode() for key, value in secret["data"].items()}
    read = {
        one["parameter"]: data[one["key"]]
        for one in named(objects, "TriggerAuthentication", SLOW)["spec"]["secretTargetRef"]
    }
    assert f"{read['username']}:{read['password']}" == data["metrics-basic-auth"]


def test_a_scrape_is_never_ended_to_save_a_copy_and_other_workers_come_down_slowly() -> None:
    workers = json.loads(json.dumps(AUTOSCALED["topologies"]["three-scaled"]))
    for worker in workers:
        worker["autoscaling"] = {"enabled": True, "cooldownSeconds": 77}
    found = scaled(render({"topology": "mine", "topologies": {"mine": workers}}))

    def scale_down(name: str) -> Object:
        advanced = found[f"fiscal-worker-{name}"]["advanced"]
        return dict(advanced["horizontalPodAutoscalerConfig"]["behavior"]["scaleDown"])

    assert scale_down("slow") == {"selectPolicy": "Disabled"}
    assert scale_down("high") == scale_down("default") == {"stabilizationWindowSeconds": 77}
    fewest = {name: spec["minReplicaCount"] for name, spec in found.items()}
    assert fewest == {"fiscal-worker-high": 1, "fiscal-worker-default": 1, SLOW: 0}


def test_a_worker_that_may_be_scaled_to_none_still_consumes_its_queue() -> None:
    # Not "topology ... has only workers with replicas 0 for queue low".
    workers = [
        {**worker, "replicas": 0} if worker["name"] == "slow" else worker
        for worker in AUTOSCALED["topologies"]["three-scaled"]
    ]
    assert scaled(render({"topology": "mine", "topologies": {"mine": workers}}))
