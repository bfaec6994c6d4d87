"""What the chart finds in a cluster: secrets of a former life, a database, a kind of volume."""

import base64
from typing import Any

import pytest

from tests.helm.api_server import render_in
from tests.helm.chart import HelmRefused, Object
from tests.helm.pods import by_role, named
from tests.helm.sets import DEMO, OURS, STORES
from tests.helm.test_secrets import data_of

KEPT = {
    "secret-keys": "kept-secret-key-kept-secret-key-kept-secret=",
    "api-keys": "kept-api-key",
    "flower-basic-auth": "fiscal:kept-flower",
    "redis-password": "kept-redis",
    "postgres-password": "kept-postgres",
}


def secret(name: str = "fiscal", **data: str) -> Object:
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    return {"kind": "Secret", "metadata": {"name": name, "namespace": "fiscal"}, "data": encoded}


def postgres(ready: int) -> Object:
    metadata = {"name": "fiscal-postgres", "namespace": "fiscal"}
    return {"kind": "StatefulSet", "metadata": metadata, "status": {"readyReplicas": ready}}


def storage_class(provisioner: str, **annotations: str) -> Object:
    metadata = {"name": "standard", "annotations": annotations}
    return {"kind": "StorageClass", "metadata": metadata, "provisioner": provisioner}


def namespace(level: str) -> Object:
    labels = {"pod-security.kubernetes.io/enforce": level}
    return {"kind": "Namespace", "metadata": {"name": "fiscal", "labels": labels}}


DEFAULT = {"storageclass.kubernetes.io/is-default-class": "true"}
HOST_PATH = storage_class("kubernetes.io/host-path", **DEFAULT)


def test_a_reinstall_under_the_same_name_takes_the_secrets_that_open_the_old_data() -> None:
    assert data_of(render_in([secret(**KEPT)], {})) == KEPT


def test_an_upgrade_changes_no_secret_and_says_what_is_new() -> None:
    found = data_of(render_in([secret(**KEPT)], DEMO, "--is-upgrade"))

    assert {key: found[key] for key in KEPT} == KEPT
    assert found.keys() - KEPT == {"whatsapp-access-token"}


def test_what_values_say_wins_over_what_is_kept() -> None:
    found = data_of(render_in([secret(**KEPT)], {"secrets": {"apiKeys": "said"}}))

    assert found == KEPT | {"api-keys": "said"}


def test_a_password_that_is_not_in_use_is_kept_for_the_volume_that_it_opens() -> None:
    found = data_of(render_in([secret(**KEPT)], STORES, "--is-upgrade"))

    assert {key: found[key] for key in KEPT} == KEPT
    assert found["database-url"] == STORES["postgres"]["externalUrl"]


def test_the_secret_of_another_release_is_not_taken() -> None:
    found = data_of(render_in([secret("second-fiscal", **KEPT)], {}))

    assert not set(found.values()) & set(KEPT.values())


def test_a_kept_token_is_enough_for_a_channel() -> None:
    values = {"whatsapp": {"phoneNumberId": "1"}, "mail": {"from": "a@b.example"}}
    channels = {"whatsapp-access-token": "kept-token", "smtp-url": "smtp://kept"}

    assert render_in([secret(**KEPT, **channels)], values)
    with pytest.raises(HelmRefused, match="its token is not"):
        render_in([secret(**KEPT)], values)


HOOK = {
    "helm.sh/hook": "pre-upgrade",
    "helm.sh/hook-delete-policy": "before-hook-creation,hook-succeeded",
}
KEPT_URL = secret(**KEPT, **{"database-url": STORES["postgres"]["externalUrl"]})
OTHER_URL = secret(**KEPT, **{"database-url": "postgresql://other.example/fiscal"})


@pytest.mark.parametrize(
    ("cluster", "values", "upgrade", "hook"),
    [
        ([], {}, False, False),
        ([secret(**KEPT)], {}, False, False),  # a reinstall: the volume is there, its server not
        ([secret(**KEPT), postgres(1)], {}, False, False),
        ([secret(**KEPT), postgres(1)], {}, True, True),
        ([secret(**KEPT), postgres(0)], {}, True, False),  # nothing answers that could migrate
        ([secret(**KEPT)], {}, True, False),  # from an external store to the bundled one
        ([KEPT_URL], STORES, False, False),
        ([KEPT_URL], STORES, True, True),
        ([OTHER_URL, postgres(1)], STORES, True, False),  # another database than before
        ([secret(**KEPT), postgres(1)], STORES, True, False),
        ([secret("our-postgres")], OURS, False, False),
        ([secret("our-postgres")], OURS, True, True),
        ([], OURS, True, False),
    ],
)
def test_a_migration_is_a_hook_only_where_the_database_of_the_new_values_is_there_already(
    cluster: list[Object], values: Object, upgrade: bool, hook: bool
) -> None:
    (pod,) = by_role(render_in(cluster, values, *(["--is-upgrade"] if upgrade else [])), "migrate")
    metadata, spec = pod.owner["metadata"], pod.owner["spec"]

    assert metadata.get("annotations") == (HOOK if hook else None)
    assert (metadata["name"] == "fiscal-migrate") is hook
    assert metadata["name"].startswith("fiscal-migrate")
    assert spec["backoffLimit"] == (1 if hook else 6)


def test_the_hook_needs_nothing_that_the_upgrade_itself_makes() -> None:
    values = {"serviceAccount": {"name": "new"}, "secrets": {"apiKeys": "new"}}
    (pod,) = by_role(render_in([secret(**KEPT), postgres(1)], values, "--is-upgrade"), "migrate")
    read = [entry["valueFrom"] for entry in pod.main["env"] if "valueFrom" in entry]

    assert pod.spec["serviceAccountName"] == "default"
    assert read == [{"secretKeyRef": {"name": "fiscal", "key": "postgres-password"}}]


def migration_of(values: Object, *options: str) -> Any:
    (pod,) = by_role(render_in([], values, *options), "migrate")
    return pod.owner["metadata"]["name"]


def test_an_ordinary_migration_has_a_new_name_where_its_spec_is_new_and_only_there() -> None:
    assert migration_of({}) == migration_of({"api": {"replicas": 2}})
    assert migration_of({}) != migration_of({"image": {"tag": "2"}})


@pytest.mark.parametrize(
    ("cluster", "values", "ownership"),
    [
        ([], {}, "fsGroup"),
        ([storage_class("ebs.csi.aws.com", **DEFAULT)], {}, "fsGroup"),
        ([storage_class("kubernetes.io/host-path")], {}, "fsGroup"),  # not the default one
        ([HOST_PATH], {}, "root"),
        ([HOST_PATH, namespace("baseline")], {}, "root"),
        ([HOST_PATH, namespace("restricted")], {}, "none"),
        ([storage_class("kubernetes.io/host-path")],
         {"redis": {"persistence": {"storageClassName": "standard"}}}, "root"),
        ([HOST_PATH], {"redis": {"persistence": {"ownership": "fsGroup"}}}, "fsGroup"),
        ([], {"redis": {"persistence": {"ownership": "root"}}}, "root"),
    ],
)  # fmt: skip
def test_a_volume_is_handed_over_by_root_only_where_its_class_leaves_no_other_way(
    cluster: list[Object], values: Object, ownership: str
) -> None:
    redis = named(render_in(cluster, values), "StatefulSet", "fiscal-redis")["spec"]
    spec = redis["template"]["spec"]
    roots = [
        container["securityContext"]["capabilities"]
        for container in spec.get("initContainers", [])
        if container["securityContext"]["runAsUser"] == 0
    ]

    assert roots == ([{"drop": ["ALL"], "add": ["CHOWN"]}] if ownership == "root" else [])
    assert ("volumeClaimTemplates" in redis) is (ownership != "none")
    data = [volume for volume in spec["volumes"] if volume["name"] == "data"]
    assert bool(data) is (ownership == "none")
