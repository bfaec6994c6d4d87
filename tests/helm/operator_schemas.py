"""Kinds of Prometheus Operator and KEDA, as far as the chart sets their fields; closed, so that a
misspelt one is found. Restated from their API references (monitoring.coreos.com/v1,
keda.sh/v1alpha1); KEDA's are held to the real ones by tests/kubernetes/test_autoscaling.py."""

from typing import Any


def closed(required: list[str], **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": required,
        "properties": properties,
    }


TEXT = {"type": "string", "minLength": 1}
TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}
DURATION = {"type": "string", "pattern": r"^\d+(ms|[smhdwy])$"}
KEY_OF_SECRET = closed(["name", "key"], name=TEXT, key=TEXT)
RULE = closed(
    ["expr"], record=TEXT, alert=TEXT, expr=TEXT, labels=TEXTS, annotations=TEXTS,
    **{"for": DURATION},
)  # fmt: skip
ENDPOINT = closed(
    ["port"],
    port=TEXT,
    interval=DURATION,
    basicAuth=closed(["username", "password"], username=KEY_OF_SECRET, password=KEY_OF_SECRET),
)
COUNT = {"type": "integer", "minimum": 0}
NAMED = closed(["name"], name=TEXT)
SCALE_DOWN = closed([], selectPolicy={"enum": ["Disabled"]}, stabilizationWindowSeconds=COUNT)
TRIGGER = closed(
    ["type", "metadata"],
    type={"enum": ["metrics-api"]},
    metadata=closed(
        ["url", "valueLocation", "targetValue"],
        url=TEXT, valueLocation=TEXT, targetValue=TEXT, authMode={"enum": ["basic"]},
    ),
    authenticationRef=NAMED,
)  # fmt: skip
OPERATOR_KINDS = {
    ("keda.sh/v1alpha1", "TriggerAuthentication"): closed(
        ["secretTargetRef"],
        secretTargetRef={
            "type": "array",
            "items": closed(["parameter", "name", "key"], parameter=TEXT, name=TEXT, key=TEXT),
        },
    ),
    ("keda.sh/v1alpha1", "ScaledObject"): closed(
        ["scaleTargetRef", "triggers"],
        scaleTargetRef=NAMED,
        minReplicaCount=COUNT,
        maxReplicaCount=COUNT,
        pollingInterval=COUNT,
        cooldownPeriod=COUNT,
        advanced=closed(
            [],
            horizontalPodAutoscalerConfig=closed([], behavior=closed([], scaleDown=SCALE_DOWN)),
        ),
        triggers={"type": "array", "minItems": 1, "items": TRIGGER},
    ),
    ("monitoring.coreos.com/v1", "ServiceMonitor"): closed(
        ["selector", "endpoints"],
        selector=closed(["matchLabels"], matchLabels=TEXTS),
        endpoints={"type": "array", "minItems": 1, "items": ENDPOINT},
    ),
    ("monitoring.coreos.com/v1", "PrometheusRule"): closed(
        ["groups"],
        groups={
            "type": "array",
            "minItems": 1,
            "items": closed(
                ["name", "rules"],
                name=TEXT,
                rules={"type": "array", "minItems": 1, "items": RULE},
            ),
        },
    ),
}
