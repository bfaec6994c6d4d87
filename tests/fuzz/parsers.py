"""Each parser of what SII sends: what it is fed, and how what it accepts is stored."""

from datetime import date
from random import Random
from typing import Any

from app.domain.documents import AccountingState, Direction, RegisterReading
from app.domain.periods import Period
from app.infrastructure.db.models import F29Form
from app.infrastructure.sii import answers, pages
from app.infrastructure.sii.f29_pdf import check_pdf, parse_codes
from app.infrastructure.sii.f29_rows import parse_row
from app.infrastructure.sii.rcv_export import parse_export
from app.infrastructure.sii.rcv_summary import parse_summary
from app.infrastructure.sii.taxpayer import parse_taxpayer
from app.services.document_store import store_reading
from app.services.f29_store import store_listed
from app.services.tax_info import store_tax_info
from simulator.portal.f29_pdf import broken, compact_form
from simulator.truth import seeded_companies
from simulator.truth.f29 import forms_of
from tests.fuzz import damage
from tests.fuzz.files import FILES
from tests.fuzz.parser import PERIOD, Parser, Place
from tests.fuzz.receipts import RECEIPTS
from tests.unit.sii import exports

_COMPANY = next(one for one in seeded_companies(7) if one.kind == "A")
_FORMS = forms_of(7, _COMPANY, date(2026, 11, 20))[-3:]
_PDFS = [compact_form(form) for form in _FORMS]


def _export(rng: Random) -> tuple[Direction, AccountingState, Any]:
    direction = rng.choice(list(Direction))
    is_sale = direction == Direction.SALE
    state = AccountingState.REGISTRO if is_sale else rng.choice(list(AccountingState))
    rows = [exports.header(direction, state).split(";")]
    for number in range(rng.randint(0, 4)):
        folio = str(100 + number // 2)
        if is_sale:
            rows.append(exports.sale(Folio=str(100 + number)).split(";"))
        else:
            rut = (exports.SUPPLIER, exports.OTHER_SUPPLIER)[number % 2]
            rows.append(exports.purchase(state, Folio=folio, RUT_Proveedor=rut).split(";"))
    rows = damage.times(rng, damage.damaged_rows, rows)
    data = damage.written(rng, rows)
    if isinstance(data, str) and rng.random() < 0.3:
        data = damage.times(rng, damage.damaged_text, data)
    elif isinstance(data, bytes) and rng.random() < 0.3:
        data = damage.times(rng, damage.damaged_bytes, data)
    elif rng.random() < 0.02:
        data = rng.choice(damage.VALUES)
    return direction, state, data


def _store_documents(place: Place, read: tuple[Direction, Any]) -> None:
    direction, documents = read
    reading = RegisterReading(PERIOD, direction, tuple(documents), ())
    store_reading(place.session, place.run_id, place.company_id, reading, PERIOD)


def _summary(rng: Random) -> Any:
    rows = [
        {
            "rsmnTipoDocInteger": rng.choice((33, 34, 39, 61, "914", 999)),
            "dcvTipoIngresoDoc": rng.choice(("DET_ELE", pages.TOTALS_ONLY, None)),
            "rsmnTotDoc": rng.randint(0, 500),
            "rsmnMntExe": rng.choice((0, None, "-5")),
            "rsmnMntNeto": rng.randint(-(10**9), 10**12),
            "rsmnMntIVA": 190.0,
            "rsmnMntTotal": rng.choice((1190, 10**17, 999_999_999_999_999_999)),
        }
        for _ in range(rng.randint(0, 4))
    ]
    return damage.times(rng, damage.damaged_json, rows)


def _store_summary(place: Place, rows: Any) -> None:
    reading = RegisterReading(PERIOD, Direction.SALE, (), tuple(rows))
    store_reading(place.session, place.run_id, place.company_id, reading, PERIOD)


def _list(rng: Random) -> tuple[str, list[list[str]]]:
    rows = [
        [
            rng.choice(("Ene 2025", "01/2025", "202501", "Diciembre 2031", "Enero de 2025")),
            str(rng.randint(1, 10**10)),
            rng.choice(("76.000.001-9", "760000019", *damage.RUTS)),
            rng.choice(("12/02/2025", "12-02-2025 10:00", *damage.DAYS)),
            rng.choice(("Vigente", "Anulada", " En\xa0Revisión\x00", "\ud800")),
            rng.choice(("$ 1.234.567", "-5", *damage.NUMBERS)),
            "Ver",
        ]
        for _ in range(rng.randint(0, 4))
    ]
    return rng.choice("AB"), damage.times(rng, damage.damaged_rows, rows)


def _store_forms(place: Place, listed: Any) -> None:
    for one in listed:
        store_listed(place.session, place.company_id, one)


def _pdf(rng: Random) -> tuple[int, bytes | str]:
    at = rng.randrange(len(_FORMS))
    if rng.random() < 0.5:  # the text alone: damage to a PDF's bytes seldom leaves one
        lines = [
            f"{rng.randint(0, 9999)} {rng.choice(damage.NAMES)} {damage.nasty_cell(rng)}"
            for _ in range(rng.randint(0, 6))
        ]
        return at, damage.times(rng, damage.damaged_text, "\n".join(lines))
    fault = rng.choice(("none", "none", "pdf_corrupt", "pdf_truncated", "pdf_html"))
    content = broken(fault, _FORMS[at], _PDFS[at])
    return at, damage.times(rng, damage.damaged_bytes, content)


def _read_pdf(given: tuple[int, bytes | str]) -> dict[str, int]:
    at, content = given
    if isinstance(content, str):
        return parse_codes(content)
    form = _FORMS[at]
    period = Period(form.period.year, form.period.month)
    rut = form.company.rut.canonical
    return check_pdf(content, folio=form.folio, rut=rut, period=period).codes


def _store_codes(place: Place, codes: dict[str, int]) -> None:
    values = {"folio": 1, "year": 2026, "month": 1, "status": "Vigente", "status_raw": "Vigente"}
    day = date(2026, 2, 12)
    form = F29Form(company_id=place.company_id, submitted_on=day, codes=codes, **values)
    place.session.add(form)
    place.session.flush()


def _home_page(rng: Random) -> str | bytes:
    taxpayer = {
        "rut": "76000001", "dv": "9", "razonSocial": rng.choice(damage.NAMES), "nombres": None,
        "autorizadoDeclararDia20": rng.choice(("S", "N", True, 1)),
        "fechaInicioActividades": rng.choice(damage.DAYS),
        "glosaActividad": rng.choice(damage.NAMES), "ventas": [1, 2.5, {"uf": "1e3"}],
    }  # fmt: skip
    data = {"contribuyente": taxpayer, "direcciones": [{"calle": "Ñ"}], "alertas": [], "x": "y"}
    found = damage.as_json(damage.times(rng, damage.damaged_json, data))
    if rng.random() < 0.1:
        found = found.replace("1", rng.choice(("1e400", "9" * 5000, "\\u0000")), 1)
    page = f"<html>\n<script>var DatosCntrNow = {found};\nvar otra = 1;</script>año</html>"
    if rng.random() < 0.3:
        page = damage.times(rng, damage.damaged_text, page)
    encoding = rng.choice((None, "utf-8", "utf-8-sig", "latin-1"))
    return page.encode(encoding, errors="replace") if encoding else page


def _store_taxpayer(place: Place, facts: Any) -> None:
    store_tax_info(place.session, place.company_id, facts)


def _answer(rng: Random) -> tuple[Any, ...]:
    kind = rng.randrange(3)
    if kind == 0:
        code = rng.choice((str(rng.randint(0, 99)), *damage.NUMBERS))
        text = f"no es correcta. El código es 01.01.{rng.randint(0, 999)}.500.720.{code}"
        return answers.refusal, damage.times(rng, damage.damaged_text, text)
    if kind == 1:
        marks = (pages.ERROR_PAGE, pages.WAITING_ROOM, *pages.LOGIN_MARKS, "/cgi_misii")
        address = f"https://www4.sii.cl{rng.choice(marks)}/900.html"
        return answers.detour, damage.times(rng, damage.damaged_text, address)
    status = rng.choice((200, 204, 302, 401, 404, 429, 429, 429, 500, 503, 999))
    return answers.failed_status, status, rng.choice((None, "90", *damage.NUMBERS, *damage.DAYS))


def _understand(given: tuple[Any, ...]) -> None:
    ask, *arguments = given
    error = ask(*arguments)
    if error is not None:
        raise error


def _read_export(given: tuple[Direction, AccountingState, Any]) -> tuple[Direction, Any]:
    direction, state, data = given
    return direction, parse_export(data, PERIOD, direction, state)


def _read_list(given: tuple[str, list[list[str]]]) -> list[Any]:
    variant, rows = given
    return [parse_row(cells, variant) for cells in rows]


PARSERS = (
    Parser("rcv_export", _export, _read_export, _store_documents),
    Parser(
        "rcv_summary",
        _summary,
        lambda data: parse_summary(data, AccountingState.REGISTRO),
        _store_summary,
    ),
    *FILES,
    *RECEIPTS,
    Parser("f29_rows", _list, _read_list, _store_forms),
    Parser("f29_pdf", _pdf, _read_pdf, _store_codes),
    Parser("taxpayer", _home_page, parse_taxpayer, _store_taxpayer),
    Parser("answers", _answer, _understand, lambda place, nothing: None),
)
