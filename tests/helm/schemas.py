"""Kubernetes' own description of each kind, for each version that the chart supports."""

import json
from functools import cache
from typing import Any

import jsonschema
from kubernetes_validate import utils

from tests.helm.chart import Object
from tests.helm.operator_schemas import OPERATOR_KINDS

VERSIONS = ("1.30", "1.31", "1.32", "1.33", "1.34")

# Gateway API v1, which is no part of Kubernetes: the fields of HTTPRoute that the chart may set,
# restated from its HTTPRouteSpec (gateway-api.sigs.k8s.io/reference/spec). Closed, so that a
# misspelt one is found.
HTTP_ROUTE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["parentRefs", "rules"],
    "properties": {
        "hostnames": {"type": "array", "items": {"type": "string", "maxLength": 253}},
        "parentRefs": {
            "type": "array",
            "minItems": 1,
            "maxItems": 32,
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["name"],
                "properties": {
                    "group": {"type": "string"},
                    "kind": {"type": "string"},
                    "namespace": {"type": "string"},
                    "name": {"type": "string"},
                    "sectionName": {"type": "string"},
                    "port": {"type": "integer", "minimum": 1, "maximum": 65535},
                },
            },
        },
        "rules": {
            "type": "array",
            "minItems": 1,
            "maxItems": 16,
            "items": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "matches": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "additionalProperties": False,
                            "properties": {
                                "path": {
                                    "type": "object",
                                    "additionalProperties": False,
                                    "properties": {
                                        "type": {"enum": ["Exact", "PathPrefix"]},
                                        "value": {"type": "string", "pattern": "^/"},
                                    },
                                }
                            },
                        },
                    },
                    "backendRefs": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "additionalProperties": False,
                            "required": ["name", "port"],
                            "properties": {
                                "name": {"type": "string"},
                                "port": {"type": "integer", "minimum": 1, "maximum": 65535},
                            },
                        },
                    },
                },
            },
        },
    },
}


def faults(thing: Object, version: str) -> list[str]:
    """Returns what Kubernetes of this version would not accept, unknown fields included."""
    return _faults(json.dumps(thing, sort_keys=True), version)


@cache
def _faults(text: str, version: str) -> list[str]:
    thing = json.loads(text)
    where = f"{thing['kind']} {thing['metadata']['name']}"
    errors = _validator(thing["apiVersion"], thing["kind"], version).iter_errors(thing)
    return [f"{where}: {error.json_path}: {error.message}" for error in errors]


@cache
def _validator(api_version: str, kind: str, version: str) -> Any:
    """Returns the schema that kubernetes-validate would take, ready for many objects."""
    if (api_version, kind) == ("gateway.networking.k8s.io/v1", "HTTPRoute"):
        return jsonschema.Draft202012Validator({"properties": {"spec": HTTP_ROUTE}})
    if schema := OPERATOR_KINDS.get((api_version, kind)):
        return jsonschema.Draft202012Validator({"properties": {"spec": schema}})
    group, _, number = api_version.rpartition("/")
    words = [kind.lower(), *([group.split(".")[0]] if group else []), number]
    contents = _contents(version, "-".join(words))
    return jsonschema.Draft202012Validator(_inlined(contents, version))


def _inlined(schema: Any, version: str) -> Any:
    """Puts definitions in the place of references: to look each up takes eight times as long."""
    if isinstance(schema, list):
        return [_inlined(one, version) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return definition_of(schema["$ref"].rpartition("/")[2], version)
    return {key: _inlined(one, version) for key, one in schema.items() if key != "$id"}


@cache
def definition_of(name: str, version: str) -> Any:
    """Returns what this version says of a type, e.g. io.k8s.api.core.v1.EnvVar."""
    return _inlined(_contents(version, "_definitions")["$defs"][name], version)


@cache
def _contents(version: str, name: str) -> Any:
    folder = f"kubernetes-json-schema/v{version}.0-local-strict"
    return utils.schema_contents(f"{folder}/{name}.json", version)
