"""The obligations of Chilean small companies, as data: one entry each, with its source.

`source` is the law or page that the rule was taken from, `source_year` the year for which it was
last looked at. `unsure` says what nobody here could check (docs/calendar.md has the long form).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from app.domain.recurrence import Installment, Monthly, Recurrence, Yearly

SII = "Servicio de Impuestos Internos"


@dataclass(frozen=True)
class Facts:
    """What is known of a company; None is unknown. Names are those of company_tax_info."""

    f29_due_day: int = 12  # 12 or 20
    started_on: date | None = None  # inicio de actividades
    has_employees: bool | None = None
    pays_fees: bool | None = None
    pays_additional_tax: bool | None = None
    owns_real_estate: bool | None = None

    @property
    def has_activity(self) -> bool | None:
        """Whether the company has begun its activities; never a certain no."""
        return True if self.started_on else None


@dataclass(frozen=True)
class Obligation:
    """Something to declare or pay, again and again."""

    code: str
    name: str  # Spanish, as people see it
    authority: str
    category: str  # tax, affidavit, labour, municipal
    recurrence: Recurrence
    rolls: bool  # a day that is no business day moves to the next one
    source: str
    source_year: int
    applies_if: str | None = None  # the fact that decides; None: to every company
    display_days_before: int = 15
    unsure: str = ""

    @property
    def is_mandatory(self) -> bool:
        """Whether it applies to every company."""
        return self.applies_if is None

    def applies_to(self, facts: Facts) -> bool | None:
        """Returns whether the company has it, None where the fact is unknown."""
        return True if self.applies_if is None else getattr(facts, self.applies_if)


_ALL = (
    Obligation(
        "f29",
        "Declaración y pago mensual de IVA y PPM (F29)",
        SII,
        "tax",
        Monthly(12, day_fact="f29_due_day"),
        rolls=True,
        source="D.L. 825 art. 64; Decreto 1.001 of 2006 (day 20); C. Tributario art. 36 inc. 3",
        source_year=2026,
        unsure="Day 28, for who declares without paying, is not modelled.",
    ),
    Obligation(
        "f22",
        "Declaración anual de impuesto a la renta (F22)",
        SII,
        "tax",
        Yearly((Installment(4, 30, years_after=1),)),
        rolls=True,
        source="Ley sobre Impuesto a la Renta art. 69; C. Tributario art. 36 inc. 3",
        source_year=2026,
        display_days_before=45,
        unsure="The later days in May for returns without payment, which SII sets each year.",
    ),
    Obligation(
        "f50",
        "Declaración y pago de impuesto adicional (F50)",
        SII,
        "tax",
        Monthly(12),
        rolls=True,
        source="Ley sobre Impuesto a la Renta art. 79; C. Tributario art. 36 inc. 3",
        source_year=2026,
        applies_if="pays_additional_tax",
        unsure="Lines of the form other than impuesto adicional have other days.",
    ),
    Obligation(
        "previred",
        "Pago de cotizaciones previsionales (Previred)",
        "Previred",
        "labour",
        Monthly(13),  # electronic, which is how nearly everybody pays; in person it is day 10
        rolls=False,
        source="D.L. 3.500 art. 19; Superintendencia de Pensiones: day 13 on any day of the week",
        source_year=2025,
        applies_if="has_employees",
        unsure="On the last day Previred closes early, at about 13:45.",
    ),
    Obligation(
        "dj_1887",
        "Declaración jurada anual de sueldos (DJ 1887)",
        SII,
        "affidavit",
        # 21 March where SII's day for a year is not entered: the early side of what it has set.
        Yearly((Installment(3, 21, years_after=1),), announced={2024: date(2025, 3, 28)}),
        rolls=False,
        source="Ley sobre Impuesto a la Renta art. 101; Res. Ex. SII 91 of 2024",
        source_year=2025,
        applies_if="has_employees",
        display_days_before=30,
        unsure="SII sets the day each year; 2025 is from a public calendar, the others are early.",
    ),
    Obligation(
        "dj_1879",
        "Declaración jurada anual de retenciones de honorarios (DJ 1879)",
        SII,
        "affidavit",
        Yearly((Installment(3, 24, years_after=1),), announced={2024: date(2025, 3, 28)}),
        rolls=False,
        source="Ley sobre Impuesto a la Renta art. 101; Res. Ex. SII 91 of 2024",
        source_year=2025,
        applies_if="pays_fees",
        display_days_before=30,
        unsure="SII sets the day each year; 2025 is from a public calendar, the others are early.",
    ),
    Obligation(
        "patente_municipal",
        "Pago de patente municipal",
        "Municipalidad",
        "municipal",
        Yearly((Installment(7, 31), Installment(1, 31, years_after=1)), first_month=7),
        rolls=False,
        source="D.L. 3.063 arts. 23, 24 and 29: in July and January, for July to June",
        source_year=2026,
        applies_if="has_activity",
        unsure="Whether a last day that is no business day moves: the earlier day is kept.",
    ),
    Obligation(
        "contribuciones",
        "Pago de contribuciones de bienes raíces",
        "Tesorería General de la República",
        "tax",
        Yearly(tuple(Installment(*day) for day in ((4, 30), (6, 30), (9, 30), (11, 30)))),
        rolls=True,
        source="Ley 17.235 art. 22; C. Tributario art. 36 inc. 3",
        source_year=2026,
        applies_if="owns_real_estate",
    ),
)

OBLIGATIONS: Mapping[str, Obligation] = {one.code: one for one in _ALL}
