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
    expected = [
        "get /health/live",
        "get /health/ready",
        "get /v1/companies",
        "post /v1/companies",
        "get /v1/companies/{company_id}",
        "get /v1/companies/{company_id}/boletas",
        "delete /v1/companies/{company_id}/calendar-link",
        "post /v1/companies/{company_id}/calendar-link",
        "get /v1/companies/{company_id}/calendar.ics",
        "put /v1/companies/{company_id}/credential",
        "get /v1/companies/{company_id}/documents",
        "get /v1/companies/{company_id}/documents/totals",
        "get /v1/companies/{company_id}/events",
        "patch /v1/companies/{company_id}/events/{event_id}",
        "get /v1/companies/{company_id}/f29",
        "post /v1/companies/{company_id}/f29-syncs",
        "get /v1/companies/{company_id}/f29/{folio}/pdf",
        "get /v1/companies/{company_id}/fees",
        "get /v1/companies/{company_id}/members",
        "put /v1/companies/{company_id}/members/{user_id}",
        "get /v1/companies/{company_id}/members/{user_id}/preferences",
        "put /v1/companies/{company_id}/members/{user_id}/preferences",
        "delete /v1/companies/{company_id}/memories",
        "get /v1/companies/{company_id}/memories",
        "delete /v1/companies/{company_id}/memories/{slug}",
        "get /v1/companies/{company_id}/notifications",
        "get /v1/companies/{company_id}/obligations",
        "get /v1/companies/{company_id}/obligations/{code}",
        "put /v1/companies/{company_id}/obligations/{code}",
        "get /v1/companies/{company_id}/onboarding",
        "post /v1/companies/{company_id}/onboarding",
        "get /v1/companies/{company_id}/subscriptions",
        "put /v1/companies/{company_id}/subscriptions/{template_code}",
        "post /v1/companies/{company_id}/syncs",
        "get /v1/companies/{company_id}/tax-info",
        "put /v1/companies/{company_id}/tax-info",
        "get /v1/deliveries",
        "post /v1/deliveries/{delivery_id}/resolution",
        "get /v1/holidays",
        "delete /v1/holidays/{day}",
        "get /v1/holidays/{day}",
        "put /v1/holidays/{day}",
        "get /v1/notification-templates",
        "put /v1/notification-templates/{code}",
        "get /v1/notification-templates/{code}/preview",
        "get /v1/runs",
        "get /v1/runs/{run_id}",
        "get /v1/runs/{run_id}/events",
        "post /v1/users",
        "delete /v1/users/{user_id}/memories",
        "get /v1/users/{user_id}/memories",
        "delete /v1/users/{user_id}/memories/{slug}",
        "get /webhooks/whatsapp",
        "post /webhooks/whatsapp",
    ]
    assert sorted(IDS) == sorted(expected)


@every_operation
def test_an_operation_is_described(method: str, path: str, operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert operation["description"]
    assert operation["operationId"]
    assert len(operation["tags"]) == 1
    assert operation["tags"][0] in {tag["name"] for tag in DOCUMENT["tags"]}


def is_open(path: str) -> bool:
    """Health needs no key, a phone's feed has a token in its link, and a provider signs."""
    return path.startswith(("/health/", "/webhooks/")) or path.endswith("/calendar.ics")


@every_operation
def test_who_needs_no_key_is_known(method: str, path: str, operation: dict[str, Any]) -> None:
    expected = None if is_open(path) else [{"ApiKey": []}]
    assert operation.get("security") == expected


@every_operation
def test_every_refusal_is_a_problem_with_a_true_example(
    method: str, path: str, operation: dict[str, Any]
) -> None:
    refusals = {status: answer for status, answer in operation["responses"].items() if status > "3"}
    if path != "/health/live":
        assert "503" in refusals
    if not is_open(path):
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
    assert {"NewCompany", "NewCredential", "NewSync", "Company", "Run", "Document", "F29"} <= {
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
