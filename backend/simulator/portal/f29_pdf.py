"""The compact F29 as a PDF, and what a broken portal sends in its place."""

from io import BytesIO

from reportlab.lib.pagesizes import letter
from reportlab.pdfgen.canvas import Canvas

from simulator.truth.f29 import Form
from simulator.truth.f29_codes import GLOSSES, PPM_PER_MILLE

_LINE = 15  # points


def compact_form(form: Form, folio: int | None = None) -> bytes:
    """The PDF of a return; `folio` prints another one, as a portal that mixes answers up would."""
    target = BytesIO()
    canvas = Canvas(target, pagesize=letter, invariant=1)
    canvas.setTitle("Formulario 29 (simulado)")
    height = letter[1] - 40
    for line in _lines(form, folio or form.folio):
        if height < 40:
            canvas.showPage()
            height = letter[1] - 40
        canvas.setFont("Helvetica", 9)
        canvas.drawString(40, height, line)
        height -= _LINE
    canvas.showPage()
    canvas.save()
    return target.getvalue()


def _lines(form: Form, folio: int) -> list[str]:
    period = f"{form.period.year}{form.period.month:02d}"
    codes = [f"{code} {GLOSSES[code]} {_money(form.codes[code])}" for code in sorted(form.codes)]
    return [
        "SIMULADOR - no es el SII",
        "DECLARACION MENSUAL Y PAGO SIMULTANEO DE IMPUESTOS FORMULARIO 29",
        f"FOLIO [07] {folio}",
        f"RUT [03] {_dotted(form.company.rut.digits)}-{form.company.rut.dv}",
        f"PERIODO [15] {period}",
        f"01 Apellido Paterno o Razon Social {form.company.business_name}",
        f"315 FECHA DE PRESENTACION {form.submitted_on:%d/%m/%Y}",
        f"115 TASA PPM {PPM_PER_MILLE / 10:.1f}".replace(".", ","),
        "Codigo Glosa Valor",
        *codes,
    ]


def _money(amount: int) -> str:
    return f"{amount:,}".replace(",", ".")


def _dotted(digits: str) -> str:
    return _money(int(digits))


def broken(fault: str, form: Form, pdf: bytes) -> bytes:
    """What comes in place of the PDF under a fault; the PDF itself under any other."""
    match fault:
        case "pdf_corrupt":
            return pdf[:40] + bytes(byte ^ 0x5A for byte in pdf[40:])
        case "pdf_truncated":
            return pdf[: len(pdf) // 2]
        case "pdf_html":
            return b"<html><body>Error: servicio no disponible (simulado)</body></html>"
        case "pdf_wrong_folio":
            return compact_form(form, form.folio + 1)
    return pdf
