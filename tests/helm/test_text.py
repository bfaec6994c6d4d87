"""Names that YAML would take for something else stay text wherever they are printed."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.helm.chart import Object, render
from tests.helm.schemas import VERSIONS, faults
from tests.helm.sets import DEMO

AMBIGUOUS = ["on", "yes", "null", "true", "1", "123", "1e3", "0x1f", "07"]
MAPS = {"labels", "matchLabels", "annotations", "nodeSelector", "data", "parameters"}
TEXTS = {"name", "image", "value", "key", "serviceAccountName", "serviceName", "storageClassName",
         "ingressClassName", "priorityClassName", "secretName", "claimName", "host",
         "storage"}  # fmt: skip


def values_of(word: str) -> Object:
    """Returns values in which everything that a person may name is called `word`."""
    worker = {"name": word, "image": "selenium", "queues": ["high", "default", "low"],
              "podLabels": {word: word}, "podAnnotations": {word: word}, "shmSize": "1000000",
              "nodeSelector": {word: word}, "priorityClassName": word}  # fmt: skip
    store = {"image": word, "persistence": {"storageClassName": word, "size": "1000000000"}}
    return {
        "topology": "mine",
        "topologies": {"mine": [worker]},
        "fullnameOverride": word if word[0].isalpha() else "",
        "image": {"tag": word, "pullSecrets": [{"name": word}]},
        "redis": store,
        "postgres": store,
        "backup": {"enabled": True,
                   "persistence": {"storageClassName": word, "size": "1000000000"}},
        "serviceAccount": {"name": word, "annotations": {word: word}},
        "whatsapp": {"phoneNumberId": "123"},
        "mail": {"from": f"{word}@{word}"},
        "ingress": {"enabled": True, "className": word, "hosts": [word],
                    "tls": [{"hosts": [word], "secretName": word}]},
        "httpRoute": {"enabled": True, "parentRefs": [{"name": word}], "hostnames": [word]},
    }  # fmt: skip


def kept_by_you(word: str) -> Object:
    return {
        "secrets": {"existingSecret": word},
        "backup": {"enabled": True, "persistence": {"existingClaim": word}},
        "redis": {"existingSecret": word, "existingSecretKey": word},
        "postgres": {"existingSecret": word, "existingSecretKey": word},
    }


def no_text(thing: Any, path: str) -> Iterator[str]:
    """Yields the paths of what has to be a text and is none."""
    if isinstance(thing, list):
        for number, inner in enumerate(thing):
            yield from no_text(inner, f"{path}[{number}]")
    if not isinstance(thing, dict):
        return
    for key, inner in thing.items():
        if not isinstance(key, str):
            yield f"{path}: the key {key!r}"
        if key in MAPS or (key == "selector" and path == "Service.spec"):
            texts = inner if "matchLabels" not in inner else {}
            yield from (f"{path}.{key}.{k}: {v!r}" for k, v in texts.items() if type(v) is not str)
        if key in TEXTS and not isinstance(inner, str | dict | list):
            yield f"{path}.{key}: {inner!r}"
        yield from no_text(inner, f"{path}.{key}")


@pytest.mark.parametrize("word", AMBIGUOUS)
@pytest.mark.parametrize("values", [values_of, kept_by_you])
def test_a_name_that_looks_like_a_number_or_a_truth_stays_a_text(word: str, values: Any) -> None:
    release = word if word.isdigit() else "fiscal"
    chosen = {"fullnameOverride": "fiscal", **values(word)}
    chosen["fullnameOverride"] = chosen["fullnameOverride"] or "fiscal"
    channels = {"secrets": {"whatsappAccessToken": word, "smtpUrl": f"smtp://{word}:25"}}
    objects = render(chosen if values is kept_by_you else chosen | channels, release=release)

    assert [fault for one in objects for fault in no_text(one, one["kind"])] == []
    assert [fault for one in objects for fault in faults(one, VERSIONS[-1])] == []


def test_the_search_would_find_what_is_no_text() -> None:
    pod = {"metadata": {"labels": {"a": True}}, "spec": {"env": [{"name": "A", "value": 1}]}}

    assert list(no_text(pod, "Pod")) == [
        "Pod.metadata.labels.a: True", "Pod.spec.env[0].value: 1"
    ]  # fmt: skip


@pytest.mark.parametrize("word", ["1e3", "0x1f"])
def test_the_demo_of_a_release_of_such_a_name_talks_to_its_own_simulator(word: str) -> None:
    objects = render({"fullnameOverride": "fiscal", **DEMO}, release=word)

    assert [fault for one in objects for fault in no_text(one, one["kind"])] == []
