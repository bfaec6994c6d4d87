"""Whether a template that somebody has edited can be sent: known variables, nothing but text."""

from app.errors import InvalidInput, TemplateInvalid
from app.infrastructure.db.models import NotificationTemplate
from app.services.messages import Text, render
from app.services.notification_seeds import CREDENTIAL_REFUSED
from app.services.template_contexts import CALENDAR_VARIABLES, EXAMPLES, VARIABLES

# What a text needs. Loops, calls and sums are left out: a template could fill the memory by them.
_NODES = (
    "Template", "Output", "TemplateData", "Name", "Const", "If", "CondExpr", "Compare", "Operand",
    "And", "Or", "Not", "Filter",
)  # fmt: skip
_FILTERS = ("upper", "lower", "capitalize", "title", "trim")


def variables_of(template: NotificationTemplate) -> frozenset[str]:
    """Returns the names that a template's context holds."""
    if template.event_code:
        return CALENDAR_VARIABLES
    if template.code == CREDENTIAL_REFUSED:
        return VARIABLES["refused_credentials"]
    return VARIABLES.get(template.method or "", frozenset({"company"}))


def preview(template: NotificationTemplate) -> Text:
    """Returns the template's text with invented values. Raises InvalidInput."""
    context = {name: EXAMPLES[name] for name in variables_of(template)}
    try:
        return render(template, context)
    except TemplateInvalid as error:
        raise InvalidInput(error.message, "body") from error


def check_template(template: NotificationTemplate) -> None:
    """Returns where the template can be sent. Raises InvalidInput, which names what is wrong."""
    known = variables_of(template)
    for field in ("subject", "body"):
        _check_text(getattr(template, field), known, field)
    unknown = [name for name in template.whatsapp_parameters if name not in known]
    if unknown:
        raise _unknown(unknown, known, "whatsapp_parameters")
    preview(template)


def _check_text(source: str, known: frozenset[str], field: str) -> None:
    from jinja2 import TemplateError, meta, nodes
    from jinja2.sandbox import SandboxedEnvironment

    try:
        tree = SandboxedEnvironment(autoescape=False).parse(source)
    except (TemplateError, RecursionError) as error:
        raise InvalidInput(f"This is no template: {error}.", field) from error
    for node in tree.find_all(nodes.Node):
        kind = type(node).__name__
        if kind not in _NODES or (isinstance(node, nodes.Filter) and not _is_plain(node)):
            raise InvalidInput(f"A template holds texts, variables and if; not {kind}.", field)
    unknown = sorted(meta.find_undeclared_variables(tree) - known)
    if unknown:
        raise _unknown(unknown, known, field)


def _is_plain(node: object) -> bool:
    return getattr(node, "name", "") in _FILTERS and not getattr(node, "args", ())


def _unknown(unknown: list[str], known: frozenset[str], field: str) -> InvalidInput:
    return InvalidInput(
        f"Its context does not hold {', '.join(unknown)}; it holds {', '.join(sorted(known))}.",
        field,
    )
