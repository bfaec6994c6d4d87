"""The document that clients are made from: complete, and its examples are true."""

import re
from typing import Any

import httpx
import jsonschema
import pytest

from app.main import create_app

DOCUMENT = create_app().openapi()
OPERATIONS = [
    (method, path, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]
IDS = [f"{method} {path}" for method, path, _ in OPERATIONS]
every_operation = pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=IDS)


def validate(value: Any, schema: dict[str, Any]) -> None:
    """Asserts that `value` is what a schema of the document asks for."""
    schema = schema | {"components": DOCUMENT["components"]}
    jsonschema.Draft202012Validator(schema).validate(value)


def test_the_routes_are_these() -> None:
    assert sorted(IDS) == [
        "get /companies",
        "get /companies/{company_id}",
        "get /companies/{company_id}/documents",
        "get /health/live",
        "get /health/ready",
        "get /runs",
        "get /runs/{run_id}",
        "post /companies",
        "post /companies/{company_id}/syncs",
        "put /companies/{company_id}/credential",
    ]


@every_operation
def test_an_operation_is_described(method: str, path: str, operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert operation["description"]
    assert operation["operationId"]
    assert len(operation["tags"]) == 1
    assert operation["tags"][0] in {tag["name"] for tag in DOCUMENT["tags"]}


@every_operation
def test_health_alone_needs_no_key(method: str, path: str, operation: dict[str, Any]) -> None:
    expected = None if path.startswith("/health/") else [{"ApiKey": []}]
    assert operation.get("security") == expected


@every_operation
def test_every_refusal_is_a_problem_with_a_true_example(
    method: str, path: str, operation: dict[str, Any]
) -> None:
    refusals = {status: answer for status, answer in operation["responses"].items() if status > "3"}
    if path != "/health/live":
        assert "503" in refusals
    if not path.startswith("/health/"):
        assert {"401", "422"} <= refusals.keys()
    assert ("404" in refusals) == ("{" in path)
    for status, answer in refusals.items():
        content = answer["content"]["application/problem+json"]
        assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
        assert content["example"]["status"] == int(status)
        validate(content["example"], content["schema"])


def test_every_example_is_valid() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    with_examples = [name for name, schema in schemas.items() if "examples" in schema]
    assert {"NewCompany", "NewCredential", "NewSync", "Company", "Run", "Document"} <= {
        schemas[name]["title"] for name in with_examples
    }
    for name in with_examples:
        for example in schemas[name]["examples"]:
            validate(example, {"$ref": f"#/components/schemas/{name}"})


def test_the_scheme_of_the_key_is_declared() -> None:
    scheme = DOCUMENT["components"]["securitySchemes"]["ApiKey"]
    assert (scheme["type"], scheme["in"], scheme["name"]) == ("apiKey", "header", "X-API-Key")


def test_nothing_that_is_shown_can_hold_a_clave() -> None:
    for name, schema in DOCUMENT["components"]["schemas"].items():
        if name != "NewCredential":
            assert not {"clave", "secret"} & schema.get("properties", {}).keys(), name
    clave = DOCUMENT["components"]["schemas"]["NewCredential"]["properties"]["clave"]
    assert clave["writeOnly"] is True


def test_the_page_of_the_api_needs_no_other_server_and_no_key(url: str) -> None:
    page = httpx.get(f"{url}/docs")
    assert page.status_code == 200
    sources = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(sources) == 3
    for source in sources:
        assert source.startswith(url), source
        assert httpx.get(source).status_code == 200
