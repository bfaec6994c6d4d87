"""The codes of an F29: what a month's documents come to on the form."""

from collections.abc import Iterable
from random import Random

from simulator.truth.boletas import BOLETAS, VOUCHERS, DailyBoletas
from simulator.truth.documents import PURCHASE, SALE, Document

INVOICES, EXEMPT, DEBIT_NOTES, CREDIT_NOTES = (30, 33), (34,), (56,), (61,)
EXPORTS, EXPORT_CREDIT_NOTES = (110, 111), (112,)
PPM_PER_MILLE = 10  # 1 %, code 115

GLOSSES = {
    20: "EXPORTACIONES",
    48: "RET. IMP. UNICO TRAB. ART. 74 N 1 LIR",
    62: "PPM NETO DETERMINADO",
    77: "REMANENTE DE CREDITO FISCAL",
    89: "IVA DETERMINADO",
    91: "TOTAL A PAGAR DENTRO DEL PLAZO LEGAL",
    92: "REAJUSTES",
    93: "INTERESES Y MULTAS",
    94: "TOTAL A PAGAR CON RECARGO",
    110: "CANT. DE DCTOS. BOLETAS",
    111: "DEBITOS / BOLETAS",
    142: "VENTAS EXENTAS O NO GRAVADAS DEL GIRO",
    151: "RETENCION TASA LEY 21.133 SOBRE RENTAS",
    502: "DEBITOS FACTURAS EMITIDAS",
    503: "CANTIDAD FACTURAS EMITIDAS",
    504: "REMANENTE CREDITO MES ANTERIOR",
    509: "CANT. DCTOS. NOTAS DE CREDITO EMITIDAS",
    510: "DEBITOS NOTAS DE CREDITO EMITIDAS",
    511: "CRED. IVA POR DCTOS. ELECTRONICOS",
    512: "CANT. DCTOS. NOTAS DE DEBITO EMITIDAS",
    513: "DEBITOS NOTAS DE DEBITO EMITIDAS",
    519: "CANT. DE DCTOS. FACT. RECIB. DEL GIRO",
    520: "CREDITO REC. Y REINT./FACT. DEL GIRO",
    527: "CANT. NOTAS DE CREDITO RECIBIDAS",
    528: "CREDITO RECUP. Y REINT NOTAS DE CRED",
    531: "CANT. NOTAS DE DEBITO RECIBIDAS",
    532: "NOTAS DE DEBITO CRED, RECUP. Y REINT.",
    537: "TOTAL CREDITOS",
    538: "TOTAL DEBITOS",
    547: "TOTAL DETERMINADO",
    562: "MONTO SIN DER. A CRED. FISCAL",
    563: "BASE IMPONIBLE",
    584: "CANT. INT. EX. NO GRAV. SIN DER. CRED.",
    585: "CANT. DE DCTOS. EXPORTACIONES",
    586: "CANT. VTAS. Y/O SERV. PREST. EXENT.",
    595: "SUB TOTAL IMP. DETERMINADO ANVERSO",
    758: "CANT. RECIBO DE PAGO MEDIOS ELECTRONICOS",
    759: "DEBITOS RECIBO DE PAGO MEDIOS ELECTRONICOS",
}


def codes_of(
    documents: Iterable[Document],
    boletas: Iterable[DailyBoletas],
    withheld: int,
    remainder: int,
    rng: Random,
) -> dict[int, int]:
    """Every code of a month's return.

    `withheld`: from honorarios; `remainder`: credit that the month before left; both in pesos.
    """
    books = list(documents)
    codes = _debits(_Book(books, SALE), list(boletas))
    codes |= _credits(_Book(books, PURCHASE), remainder)
    debit, credit = codes[538], codes[537]
    codes[89], codes[77] = max(debit - credit, 0), max(credit - debit, 0)
    codes[62] = codes[563] * PPM_PER_MILLE // 1000
    codes[48] = rng.randint(20_000, 90_000) if books and rng.random() < 0.3 else 0
    codes[151] = withheld
    total = codes[89] + codes[62] + codes[48] + codes[151]
    return codes | {595: total, 547: total, 91: total, 92: 0, 93: 0, 94: total}


def _debits(book: "_Book", boletas: list[DailyBoletas]) -> dict[int, int]:
    codes = {
        503: book.count(INVOICES),
        502: book.sum("vat", INVOICES),
        509: book.count(CREDIT_NOTES),
        510: book.sum("vat", CREDIT_NOTES),
        512: book.count(DEBIT_NOTES),
        513: book.sum("vat", DEBIT_NOTES),
        585: book.count((*EXPORTS, *EXPORT_CREDIT_NOTES)),
        20: book.sum("exempt", EXPORTS) - book.sum("exempt", EXPORT_CREDIT_NOTES),
        586: book.count(EXEMPT),
        142: book.sum("exempt", EXEMPT),
    }
    for doc_type, count, debit in ((BOLETAS, 110, 111), (VOUCHERS, 758, 759)):
        days = [one for one in boletas if one.doc_type == doc_type]
        codes[count], codes[debit] = sum(one.count for one in days), sum(one.vat for one in days)
    sold = book.sum("net", (*INVOICES, *DEBIT_NOTES)) - book.sum("net", CREDIT_NOTES)
    sold += sum(one.net + one.exempt for one in boletas)
    codes[563] = max(sold + codes[142] + codes[20], 0)
    return codes | {538: codes[502] + codes[513] - codes[510] + codes[111] + codes[759]}


def _credits(book: "_Book", remainder: int) -> dict[int, int]:
    codes = {
        519: book.count(INVOICES),
        520: book.sum("vat", INVOICES),
        527: book.count(CREDIT_NOTES),
        528: book.sum("vat", CREDIT_NOTES),
        531: book.count(DEBIT_NOTES),
        532: book.sum("vat", DEBIT_NOTES),
        584: book.count(EXEMPT),
        562: book.sum("exempt", EXEMPT),
        504: remainder,
    }
    month = codes[520] - codes[528] + codes[532]
    return codes | {511: month, 537: month + remainder}


class _Book:
    def __init__(self, documents: list[Document], direction: str) -> None:
        self._documents = [one for one in documents if one.direction == direction]

    def count(self, types: tuple[int, ...]) -> int:
        return sum(one.doc_type in types for one in self._documents)

    def sum(self, field: str, types: tuple[int, ...]) -> int:
        return sum(
            int(getattr(one.amounts, field)) for one in self._documents if one.doc_type in types
        )
