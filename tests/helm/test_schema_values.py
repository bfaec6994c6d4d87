"""Each malformed value is refused by its place, and Kubernetes' own keys are known by name."""

import pytest

from tests.helm.chart import Object, refusal
from tests.helm.described import place, schema
from tests.helm.schemas import VERSIONS, definition_of


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("api.tolerations", [{"kee": "a"}]),
        ("api.affinity", {"nodes": {}}),
        ("api.topologySpreadConstraints", [{"maxSkew": 1, "topologyKey": "a"}]),
        ("api.extraEnv", [{"name": "A", "valueOf": {}}]),
        ("api.extraEnv", [{"name": "A", "value": "1",
                           "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}]),
        ("api.extraVolumes", [{"name": "a"}]),
        ("api.extraVolumeMounts", [{"name": "a", "mountPath": "relative"}]),
        ("api.podLabels", {"app.kubernetes.io/component": "worker"}),
        ("api.env", {"A-B": "1"}),
        ("api.resources", {"limits": {"memory": "lots"}}),
        ("api.resources", {"limit": {}}),
        ("networkPolicy.ingressFrom", [{"podSelektor": {}}]),
        ("networkPolicy.ingressFrom", [{}]),
        ("networkPolicy.ingressFrom", [{"ipBlock": {"cidr": "999.1.1.1/24"}}]),
        ("networkPolicy.ingressFrom", [{"ipBlock": {"cidr": "10.0.0.0/33"}}]),
        ("networkPolicy.ingressFrom", [{"ipBlock": {"cidr": "10.0.0.1"}}]),
        ("networkPolicy.workerEgressPorts", [0]),
        ("ingress.tls", [{"secret": "a"}]),
        ("httpRoute.parentRefs", [{"nam": "a"}]),
        ("monitoring.serviceMonitor.interval", "5m"),
        ("monitoring.serviceMonitor.labels", {"release": "a b"}),
        ("monitoring.prometheusRule.runbookBase", "git.example"),
        ("httpRoute.parentRefs", [{"name": "A b"}]),
        ("topologies", {"Mine": [{"name": "a", "queues": ["high"]}]}),
        ("topologies", {"mine": []}),
        ("image.pullPolicy", "Sometimes"),
        ("redis.maxmemory", "much"),
        ("redis.externalUrl", "http://redis.example"),
        ("postgres.externalUrl", "mysql://db.example"),
        ("secrets.secretKeys", "short"),
        ("secrets.flowerBasicAuth", "no-colon"),
        ("secrets.metricsBasicAuth", "no-colon"),
        ("secrets.redisPassword", "with space"),
        ("secrets.smtpUrl", "mail.example"),
        ("secrets.backupPassphrase", "fifteen-letters"),
        ("secrets.backupPassphrase", " " * 8 + "not-sixteen"),
        ("backup.schedule", "@daily"),
        ("backup.schedule", "30 4 * *"),
        ("backup.schedule", "60 4 * * *"),
        ("backup.schedule", "30 24 * * *"),
        ("backup.schedule", "30 4 * * 7"),
        ("backup.keep", 0),
        ("backup.persistence.size", "much"),
        ("backup.persistence.existingClaim", "Our_claim"),
        ("sii.authUrl", "zeusr.sii.cl"),
        ("whatsapp.phoneNumberId", "+56"),
        ("mail.from", "nobody"),
        ("fullnameOverride", "Has-Capitals"),
        ("api.podLabels", {"a": "b c"}),
        ("api.podLabels", {"a b": "c"}),
        ("api.podLabels", {"a": "b" * 64}),
        ("api.podAnnotations", {"a b": "c"}),
        ("api.nodeSelector", {"disk": "-"}),
        ("api.priorityClassName", "People_wait"),
        ("api.resources", {"requests": {"cpu": -1}}),
        ("api.resources", {"requests": {"cpu": "0"}}),
        ("image.tag", "a b"),
        ("image.tag", "v1:2"),
        ("image.registry", "https://registry.example"),
        ("image.registry", "registry.example/Team"),
        ("image.pullSecrets", [{"name": "Pull"}]),
        ("redis.image", "redis 8"),
        ("redis.image", "https://registry.example/redis"),
        ("postgres.image", "registry.example/postgres:"),
        ("redis.persistence.storageClassName", "Fast_disk"),
        ("secrets.existingSecret", "our_secrets"),
        ("postgres.existingSecret", "our secrets"),
        ("postgres.existingSecretKey", "the key"),
        ("redis.existingSecretKey", ""),
        ("serviceAccount.name", "Account"),
        ("ingress.className", "a/b"),
        ("ingress.hosts", ["https://api.empresa.cl"]),
        ("ingress.hosts", ["api.empresa.cl:8000"]),
        ("ingress.tls", [{"secretName": "a_b"}]),
        ("httpRoute.hostnames", ["Api.Empresa.cl"]),
        ("httpRoute.hostnames", ["api.*.cl"]),
        ("serviceAccount.annotations", {"a b": "c"}),
        ("api.extraVolumes", [{"name": "Has_capitals", "emptyDir": {}}]),
    ],
)  # fmt: skip
def test_a_malformed_value_is_refused_by_its_path(path: str, value: object) -> None:
    values: Object = {}
    place(values, path, value)

    assert f"- {path}" in refusal(values)


TERM = {"topologyKey": "zone"}
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


@pytest.mark.parametrize(
    ("path", "value", "wrong"),
    [
        ("affinity", {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": [{"match": []}]}}}, "match"),
        ("affinity", {"nodeAffinity": {REQUIRED: {"nodeSelectorTerm": []}}}, "nodeSelectorTerm"),
        ("affinity", {"nodeAffinity": {PREFERRED: [{"wait": 1, "preference": {}}]}}, "wait"),
        ("affinity", {"podAffinity": {REQUIRED: [{**TERM, "labels": {}}]}}, "labels"),
        ("affinity", {"podAntiAffinity": {PREFERRED: [{"weight": 1, "term": TERM}]}}, "term"),
        ("extraEnv", [{"name": "A", "valueFrom": {"secretKeyRef": {"nam": "a"}}}], "nam"),
        ("extraEnv", [{"name": "A", "valueFrom": {"configMapKeyRef": {"k": "b"}}}], "k"),
        ("extraEnv", [{"name": "A", "valueFrom": {"fieldRef": {"path": "spec.nodeName"}}}], "path"),
        ("extraVolumes", [{"name": "a", "emptyDir": {"size": "1Gi"}}], "size"),
        ("extraVolumes", [{"name": "a", "configMap": {"configMapName": "a"}}], "configMapName"),
        ("extraVolumes", [{"name": "a", "secret": {"name": "a"}}], "name"),
        ("extraVolumes", [{"name": "a", "persistentVolumeClaim": {"claim": "a"}}], "claim"),
    ],
)  # fmt: skip
def test_a_misspelt_key_of_kubernetes_is_refused_before_anything_is_made(
    path: str, value: object, wrong: str
) -> None:
    assert f"Additional property {wrong} is not allowed" in refusal({"api": {path: value}})


def keys(path: str) -> set[str]:
    described = schema()["$defs"]["native"]
    for step in path.split("/"):
        described = described[step]
    return set(described["properties"])


@pytest.mark.parametrize(
    ("path", "definition", "left_out"),
    [
        ("labelSelector", "apimachinery.pkg.apis.meta.v1.LabelSelector", set()),
        ("toleration", "api.core.v1.Toleration", set()),
        ("affinity", "api.core.v1.Affinity", set()),
        ("nodeSelectorTerm", "api.core.v1.NodeSelectorTerm", set()),
        ("podTerms", "api.core.v1.PodAffinity", set()),
        ("podTerm", "api.core.v1.PodAffinityTerm", set()),
        ("spread", "api.core.v1.TopologySpreadConstraint", set()),
        ("envEntry", "api.core.v1.EnvVar", set()),
        ("envEntry/properties/valueFrom", "api.core.v1.EnvVarSource", {"fileKeyRef"}),
        ("keyRef", "api.core.v1.SecretKeySelector", set()),
        ("keyRef", "api.core.v1.ConfigMapKeySelector", set()),
        ("envEntry/properties/valueFrom/properties/fieldRef", "api.core.v1.ObjectFieldSelector",
         set()),
        ("volume/properties/emptyDir", "api.core.v1.EmptyDirVolumeSource", set()),
        ("volume/properties/configMap", "api.core.v1.ConfigMapVolumeSource", set()),
        ("volume/properties/secret", "api.core.v1.SecretVolumeSource", set()),
        ("volume/properties/persistentVolumeClaim",
         "api.core.v1.PersistentVolumeClaimVolumeSource", set()),
        ("files/items", "api.core.v1.KeyToPath", set()),
        ("volumeMount", "api.core.v1.VolumeMount", set()),
    ],
)  # fmt: skip
def test_what_is_closed_knows_the_keys_that_the_newest_kubernetes_knows(
    path: str, definition: str, left_out: set[str]
) -> None:
    known = set(definition_of(f"io.k8s.{definition}", VERSIONS[-1])["properties"])

    assert keys(path) == known - left_out
