"""Texts from templates."""

from typing import Any

import pytest

from app.errors import TemplateInvalid
from app.infrastructure.db.models import NotificationTemplate
from app.services.messages import render


def template(**values: Any) -> NotificationTemplate:
    texts = {"code": "f29", "subject": "F29", "body": "Vence pronto.", "whatsapp_parameters": []}
    return NotificationTemplate(**(texts | values))


def test_parameters_keep_the_templates_order_and_become_text() -> None:
    text = render(
        template(whatsapp_template="f29", whatsapp_parameters=["monto", "due_date"]),
        {"due_date": "12/11/2026", "monto": 184300},
    )
    assert text.parameters == (("monto", "184300"), ("due_date", "12/11/2026"))


def test_a_parameter_is_one_line_because_meta_refuses_breaks_and_runs_of_spaces() -> None:
    text = render(
        template(whatsapp_template="f29", whatsapp_parameters=["name"]),
        {"name": "Ana\n\tdel   Río "},
    )
    assert text.parameters == (("name", "Ana del Río"),)


def test_a_subject_is_one_line_whatever_the_context_holds() -> None:
    text = render(template(subject="F29 {{ x }}"), {"x": "a\r\nBcc: someone@else.example"})
    assert text.subject == "F29 a Bcc: someone@else.example"


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"body": "{{ missing }}"}, "missing"),
        ({"subject": "{{ missing }}"}, "missing"),
        ({"body": "{% if %}"}, "Expected an expression"),
        ({"body": "{{ 1 / 0 }}"}, "division by zero"),
        ({"body": "{{ ''.__class__.__mro__ }}"}, "unsafe"),
        ({"whatsapp_template": "f29", "whatsapp_parameters": ["missing"]}, "missing"),
    ],
)
def test_what_cannot_be_rendered_says_which_template_and_why(
    values: dict[str, Any], named: str
) -> None:
    with pytest.raises(TemplateInvalid, match="The template f29") as caught:
        render(template(**values), {"present": 1})
    assert named in str(caught.value)


def test_parameters_do_not_matter_where_no_whatsapp_template_carries_them() -> None:
    assert render(template(whatsapp_parameters=["missing"]), {}).parameters == ()
