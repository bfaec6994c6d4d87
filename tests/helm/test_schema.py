"""values.yaml, values.schema.json and the templates cannot part."""

import re

from tests.helm.chart import Object, all_on, chart_file, refusal
from tests.helm.described import documented, leaves, objects, place, resolved, schema

# Keys that the chart documents and values.yaml leaves to the user: they are empty by default.
POD = {
    "env", "extraEnv", "extraVolumes", "extraVolumeMounts", "nodeSelector", "tolerations",
    "affinity", "topologySpreadConstraints", "priorityClassName", "podAnnotations", "podLabels",
}  # fmt: skip
OPTIONAL = {
    *(f"{role}.{key}" for key in POD
      for role in ("api", "beat", "flower", "metrics", "simulator", "jobs", "backup",
                   "workerDefaults")),
    "workerDefaults.queueSlots",
    "workerDefaults.shmSize",
    "global",
}  # fmt: skip
USERS_MAPS = {
    "topologies", "annotations", "podAnnotations", "podLabels", "nodeSelector", "env",
    "queueSlots", "matchLabels", "labels", "objectLabels", "global",
}  # fmt: skip

# Sources of volumes that hardly anybody adds to this chart and that Kubernetes describes over many
# levels: passed on as they come, so that the API server is the one who refuses them.
AS_IT_COMES = {
    "csi", "downwardAPI", "ephemeral", "fc", "hostPath", "image", "iscsi", "nfs", "projected",
}  # fmt: skip


def keys_of(values: Object, path: str = "") -> set[str]:
    """Returns the paths of values.yaml, down to where the user's or Kubernetes' keys begin."""
    found = set()
    for key, inner in values.items():
        found.add(f"{path}{key}")
        if isinstance(inner, dict) and key not in USERS_MAPS | {"resources", "affinity"}:
            found |= keys_of(inner, f"{path}{key}.")
    return found


def ours() -> set[str]:
    return {path for path in documented() if not path.startswith("worker.")}


def test_every_value_is_described_and_every_description_has_its_value() -> None:
    assert keys_of(chart_file("values.yaml")) == ours() - OPTIONAL


def test_a_default_cannot_be_taken_away_by_null() -> None:
    values = chart_file("values.yaml")

    def look(described: Object, given: Object, path: str) -> None:
        assert set(described["required"]) == given.keys(), path
        for key, inner in given.items():
            below = resolved(described["properties"][key])
            if isinstance(inner, dict) and "properties" in below and key != "resources":
                look(below, inner, f"{path}.{key}")

    look(schema(), values, "values")
    assert "api: resources is required" in refusal({"api": {"resources": None}})


def test_every_key_is_described_once() -> None:
    for path, described in documented().items():
        descriptions = []
        while True:
            descriptions += [described["description"]] if "description" in described else []
            if "$ref" not in described:
                break
            described = resolved({"$ref": described["$ref"]})
        assert len(descriptions) == 1, f"{path} is described {len(descriptions)} times"


def test_every_object_is_closed_but_the_maps_whose_keys_are_the_user_s() -> None:
    open_ones = {
        path
        for path, described in objects(schema())
        if described.get("additionalProperties") is not False
    }
    unexplained = {
        path
        for path in open_ones
        if path.rpartition("/")[2] not in USERS_MAPS
        and path != "/$defs/pod"  # a shelf of properties that the roles refer to
    }

    assert unexplained == {f"/$defs/native/volume/properties/{source}" for source in AS_IT_COMES}


def test_the_all_on_file_switches_every_key_on() -> None:
    fixed = (
        "existingSecret", "existingSecretKey", "existingClaim", "externalUrl", ".create",
        "Policy.enabled",
    )  # fmt: skip
    same = {
        path
        for path in leaves()
        if path not in ("global", "topologies") and not path.endswith(fixed)
        if chosen(all_on(), path) == chosen_or_none(chart_file("values.yaml"), path)
    }

    assert same == set()


def chosen(values: Object, path: str) -> object:
    found: object = {**values, "worker": values["topologies"]["mine"][0]}
    for step in path.split("."):
        assert isinstance(found, dict)
        found = found[step]
    return found


def chosen_or_none(values: Object, path: str) -> object:
    try:
        return chosen({**values, "topologies": {"mine": [{}]}}, path)
    except KeyError:
        return None


def wrong(described: Object) -> object:
    """Returns a value of a type that the description does not allow."""
    return [[]] if resolved(described).get("type") != "array" else "no list"


def test_a_value_of_a_wrong_type_is_refused_wherever_it_stands() -> None:
    values: Object = {}
    for path in leaves():
        if not path.startswith("worker.") and path != "topologies":
            place(values, path, wrong(documented()[path]))
    said = refusal(values)

    for path in leaves():
        if not path.startswith("worker.") and path != "topologies":
            assert f"- {path}: " in said or f"- {path}.0: " in said, path


def test_a_value_of_a_wrong_type_is_refused_in_a_worker_too() -> None:
    paths = [path for path in leaves() if path.startswith("worker.")]
    values: Object = {}
    for path in paths:
        place(values, path, wrong(documented()[path]))
    said = refusal({"topologies": {"one": [values["worker"]]}})

    for path in paths:
        assert f"- topologies.one.0.{path.partition('.')[2]}: " in said, path


def test_a_key_that_nobody_knows_is_refused_wherever_it_stands() -> None:
    groups = {path.rpartition(".")[0] for path in leaves()}
    values: Object = {}
    for group in groups:
        place(values, f"{group}.nonsense".removeprefix("."), 1)
    values["topologies"] = {"one": [{"name": "a", "queues": ["high"], **values.pop("worker")}]}
    said = refusal(values)

    for group in groups:
        where = re.sub(r"^worker\b", "topologies.one.0", group) or "(root)"
        assert f"- {where}: Additional property nonsense is not allowed" in said, where
