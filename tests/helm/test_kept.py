"""What the chart finds in a cluster: secrets of a former life, a database, a kind of volume."""

import base64

import pytest

from tests.helm.api_server import render_in
from tests.helm.chart import HelmRefused, Object
from tests.helm.pods import named
from tests.helm.sets import DEMO, STORES
from tests.helm.test_secrets import data_of

KEPT = {
    "secret-keys": "kept-secret-key-kept-secret-key-kept-secret=",
    "api-keys": "kept-api-key",
    "flower-basic-auth": "fiscal:kept-flower",
    "metrics-basic-auth": "fiscal:kept-metrics",
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
    assert found.keys() - KEPT == {"whatsapp-access-token", "demo-webhook-secret"}


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


def test_the_token_that_a_demo_invented_is_none_for_the_real_whatsapp() -> None:
    invented = data_of(render_in([], DEMO))["whatsapp-access-token"]
    kept = secret(**KEPT, **{"whatsapp-access-token": invented})
    real = {"whatsapp": {"phoneNumberId": "1"}}

    with pytest.raises(HelmRefused, match="its token is not"):
        render_in([kept], real, "--is-upgrade")
    said = real | {"secrets": {"whatsappAccessToken": "real"}}
    assert data_of(render_in([kept], said))["whatsapp-access-token"] == "real"
    assert data_of(render_in([kept], DEMO))["whatsapp-access-token"] == invented


def test_the_port_of_a_kept_mail_server_is_open() -> None:
    kept = secret(**KEPT, **{"smtp-url": "smtp://u:p@mail.example:2525"})
    worker = named(render_in([kept], {}), "NetworkPolicy", "fiscal-worker")
    ports = [port["port"] for rule in worker["spec"]["egress"] for port in rule["ports"]]

    assert 2525 in ports


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
