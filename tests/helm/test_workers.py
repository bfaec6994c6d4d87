"""One template, a list of workers: what is said for one reaches it, and only it."""

from typing import Any

import jmespath
import pytest
import yaml

from tests.helm.chart import ROOT, Object, render
from tests.helm.pods import by_role, pods, workers
from tests.helm.sets import EVERYTHING

EXAMPLES = ROOT / "deploy" / "helm" / "examples"
PLAIN = {"name": "plain", "image": "selenium", "queues": ["high", "default", "low"]}


def mine(*listed: Object, **values: Any) -> list[Object]:
    return render({"topology": "mine", "topologies": {"mine": list(listed)}, **values})


@pytest.mark.parametrize(
    ("topology", "expected"),
    [
        ("one", ["fiscal-worker-all"]),
        ("two", ["fiscal-worker-fast", "fiscal-worker-slow"]),
        ("three", ["fiscal-worker-default", "fiscal-worker-high", "fiscal-worker-slow"]),
    ],
)
def test_a_topology_is_one_word(topology: str, expected: list[str]) -> None:
    search = "sort([?kind == 'Deployment' && contains(metadata.name, 'worker')].metadata.name)"

    assert jmespath.search(search, render(None, f"topology={topology}")) == expected


@pytest.mark.parametrize("name", ["fourth-worker", "two-selenium"])
def test_an_example_is_values_alone(name: str) -> None:
    values = yaml.safe_load((EXAMPLES / f"{name}.yaml").read_text())
    listed = {worker["name"]: worker for worker in values["topologies"][values["topology"]]}
    found = workers(render(values))

    assert found.keys() == listed.keys()
    for name, pod in found.items():
        assert pod.environment["CELERY_QUEUES"] == ",".join(listed[name]["queues"])
        image = listed[name].get("image", "slim")
        assert pod.main["image"] == f"fiscal-{image}:0.1.0"


def test_every_option_of_a_worker_reaches_its_pod_by_its_usual_name() -> None:
    pod = workers(render(EVERYTHING["by hand"]))["every-option"]
    said = next(
        w for w in EVERYTHING["by hand"]["topologies"]["mine"] if w["name"] == "every-option"
    )

    for key in ("nodeSelector", "tolerations", "affinity", "priorityClassName"):
        assert pod.spec[key] == said[key]
    assert pod.spec["terminationGracePeriodSeconds"] == 90
    assert pod.owner["spec"]["replicas"] == 2
    assert pod.main["resources"] == said["resources"]
    assert said["extraVolumes"][0] in pod.spec["volumes"]
    assert said["extraVolumeMounts"][0] in pod.main["volumeMounts"]
    assert pod.labels["team"] == "fiscal"
    assert pod.annotations["note"] == "worker"
    assert {key: pod.environment[key] for key in pod.environment if key.startswith("CELERY")} == {
        "CELERY_WORKER_NAME": "every-option",
        "CELERY_QUEUES": "high,default",
        "CELERY_QUEUE_SLOTS": "high:2,default:1",
        "CELERY_CONCURRENCY": "3",
        "CELERY_MAX_TASKS_PER_CHILD": "7",
        "CELERY_SOFT_SHUTDOWN_SECONDS": "30",
        "CELERY_LOG_LEVEL": "debug",
    }


def test_a_worker_takes_the_defaults_and_what_it_says_itself_wins_even_where_it_is_nothing() -> (
    None
):
    defaults = {"replicas": 3, "priorityClassName": "people-wait", "nodeSelector": {"disk": "ssd"},
                "env": {"TZ": "UTC", "A": "1"}}  # fmt: skip
    silent = {**PLAIN, "name": "silent"}
    outspoken = {**PLAIN, "name": "outspoken", "replicas": 0, "priorityClassName": "",
                 "nodeSelector": {}, "env": {"TZ": "America/Santiago"}}  # fmt: skip
    found = workers(mine(silent, outspoken, workerDefaults=defaults))

    assert found["silent"].owner["spec"]["replicas"] == 3
    assert found["silent"].spec["priorityClassName"] == "people-wait"
    assert found["silent"].environment["A"] == "1"
    assert found["outspoken"].owner["spec"]["replicas"] == 0
    assert not {"priorityClassName", "nodeSelector"} & found["outspoken"].spec.keys()
    assert found["outspoken"].environment["TZ"] == "America/Santiago"
    assert "A" not in found["outspoken"].environment


def test_a_spread_counts_the_copies_of_its_own_worker_unless_it_says_otherwise() -> None:
    rule = {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}
    other = {**rule, "labelSelector": {"matchLabels": {"team": "fiscal"}}}
    (pod,) = workers(mine({**PLAIN, "topologySpreadConstraints": [rule, other]})).values()
    own, said = pod.spec["topologySpreadConstraints"]

    assert own["labelSelector"] == pod.owner["spec"]["selector"]
    assert said["labelSelector"] == {"matchLabels": {"team": "fiscal"}}


@pytest.mark.parametrize(
    ("options", "name", "expected"),
    [
        ({"env": {"LIMIT": 1000000}}, "LIMIT", "1000000"),
        ({"env": {"RATIO": 0.5}}, "RATIO", "0.5"),
        ({"env": {"ON": True}}, "ON", "true"),
        ({"env": {"TEXT": "a: 'b' \"c\" # d"}}, "TEXT", "a: 'b' \"c\" # d"),
        ({"env": {"EMPTY": ""}}, "EMPTY", ""),
        ({"extraEnv": [{"name": "SII_MIN_REQUEST_INTERVAL", "value": "9"}]},
         "SII_MIN_REQUEST_INTERVAL", "9"),
        ({"extraEnv": [{"name": "SII_MIN_REQUEST_INTERVAL",
                        "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}]},
         "SII_MIN_REQUEST_INTERVAL", {"secretKeyRef": {"name": "a", "key": "b"}}),
    ],
)  # fmt: skip
def test_a_variable_of_the_user_s_replaces_the_chart_s_and_stands_once(
    options: Object, name: str, expected: object
) -> None:
    (pod,) = workers(mine({**PLAIN, **options})).values()

    assert [entry["name"] for entry in pod.main["env"]].count(name) == 1
    assert pod.environment[name] == expected


def test_no_variable_stands_twice_in_any_container() -> None:
    for pod in pods(render(EVERYTHING["demo"])):
        for container in pod.containers:
            names = [entry["name"] for entry in container["env"]]
            assert len(names) == len(set(names)), pod.name


def test_a_password_stands_before_the_address_that_is_made_from_it() -> None:
    (pod,) = by_role(render(), "beat")
    names = list(pod.environment)

    for store in ("POSTGRES_PASSWORD", "DATABASE_URL"), ("REDIS_PASSWORD", "REDIS_URL"):
        assert names.index(store[0]) < names.index(store[1])
        assert f"$({store[0]})" in pod.environment[store[1]]


@pytest.mark.parametrize(
    ("topology", "expected"),
    [
        ("one", ["high=all", "default=all", "low=all"]),
        ("three", ["high=high", "default=default", "low=slow"]),
    ],
)
def test_helm_test_asks_for_the_workers_of_the_topology(topology: str, expected: list[str]) -> None:
    (pod,) = by_role(render({"topology": topology}), "test")

    assert pod.main["args"] == ["fiscal", "probe", *expected]
    assert pod.owner["metadata"]["annotations"]["helm.sh/hook"] == "test"


def test_helm_test_is_content_with_either_of_two_workers_of_a_queue() -> None:
    (pod,) = by_role(mine(PLAIN, {**PLAIN, "name": "bulk", "queues": ["low"]}), "test")

    assert pod.main["args"][2:] == ["high=plain", "default=plain", "low=plain,bulk"]
