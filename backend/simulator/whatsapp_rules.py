"""What the WhatsApp Cloud API refuses, with its own codes and words."""

import re
from dataclasses import dataclass
from typing import Any

LANGUAGES = ("es_CL", "es")
# Well-formed template names are approved, except those that start so.
UNKNOWN_TEMPLATE = "unknown_"
# Numbers with these endings meet the error of that code: 56990131026 is undeliverable.
MAGIC_ENDINGS = {
    "131026": (400, "Message undeliverable"),
    "131056": (429, "(Business Account, Consumer Account) pair rate limit hit"),
    "130429": (429, "Rate limit hit"),
    "131000": (500, "Something went wrong"),
}


@dataclass(frozen=True)
class ApiError(Exception):
    """One refusal: HTTP status, Meta's code, its title and what is wrong."""

    status: int
    code: int
    title: str
    details: str

    def body(self) -> dict[str, Any]:
        """The error as Meta writes it."""
        return {
            "error": {
                "message": f"(#{self.code}) {self.title}",
                "type": "OAuthException",
                "code": self.code,
                "error_data": {"messaging_product": "whatsapp", "details": self.details},
                "fbtrace_id": "SIMULADOR",
            }
        }


def check_message(message: dict[str, Any]) -> None:
    """Judge the body of POST /messages; raises ApiError."""
    _require(message.get("messaging_product") == "whatsapp", "messaging_product must be whatsapp")
    _require(message.get("recipient_type", "individual") == "individual", "recipient_type")
    to = message.get("to")
    _require(isinstance(to, str) and re.fullmatch(r"\d{8,15}", to), "to must be digits only")
    # Outside the 24 hour window only templates are delivered, and nobody writes to us first.
    if message.get("type") != "template":
        raise ApiError(400, 131047, "Re-engagement message", "Only templates are allowed")
    callback = message.get("biz_opaque_callback_data", "")
    _require(isinstance(callback, str) and len(callback) <= 512, "biz_opaque_callback_data")
    _check_template(message.get("template"))
    _meet_magic_number(str(to))


def _require(holds: object, details: str) -> None:
    if not holds:
        raise ApiError(400, 100, "Invalid parameter", details)


def _check_template(template: Any) -> None:
    _require(isinstance(template, dict), "template is required")
    name = template.get("name")
    _require(isinstance(name, str) and re.fullmatch(r"[a-z0-9_]{1,512}", name), "template name")
    language = template.get("language")
    _require(isinstance(language, dict) and language.get("code"), "template language code")
    if name.startswith(UNKNOWN_TEMPLATE) or language["code"] not in LANGUAGES:
        details = f"template name ({name}) does not exist in {language['code']}"
        raise ApiError(404, 132001, "Template name does not exist in the translation", details)
    components = template.get("components", [])
    _require(isinstance(components, list), "components must be a list")
    for component in components:
        _check_component(component)


def _check_component(component: Any) -> None:
    _require(isinstance(component, dict), "component must be an object")
    _require(component.get("type") in ("header", "body", "button"), "component type")
    parameters = component.get("parameters", [])
    _require(isinstance(parameters, list), "parameters must be a list")
    for parameter in parameters:
        _require(isinstance(parameter, dict) and parameter.get("type"), "parameter type")
        if parameter["type"] == "text" and not parameter.get("text"):
            raise ApiError(400, 131008, "Required parameter is missing", "parameter text")
    named = ["parameter_name" in parameter for parameter in parameters]
    if len(set(named)) > 1:
        raise ApiError(400, 132000, "Number of parameters does not match", "named and unnamed")


def _meet_magic_number(to: str) -> None:
    for ending, (status, title) in MAGIC_ENDINGS.items():
        if to.endswith(ending):
            raise ApiError(status, int(ending), title, f"{to} is a number that fails on purpose")
