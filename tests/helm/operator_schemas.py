"""Prometheus Operator's kinds, as far as the chart sets their fields; closed, so that a misspelt
one is found. Restated from its API reference (monitoring.coreos.com/v1)."""

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
OPERATOR_KINDS = {
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
