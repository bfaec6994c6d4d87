"""How a register that is too large for one answer is asked for: once, by file, fetched later."""

import gzip
import json
from typing import Any

import httpx
import pytest

from app import errors
from app.domain.documents import AccountingState, Direction, RegisterReading
from app.domain.exports import AskedExport
from app.infrastructure.sii import large_exports
from app.infrastructure.sii.rcv import RcvSession
from tests.unit.sii import exports
from tests.unit.sii.asked import Asked
from tests.unit.sii.test_rcv import NOVEMBER, Rcv, agreed, counted, open_session

REGISTRO = AccountingState.REGISTRO
LIMIT = 3  # of `open_session`


class Sii(Rcv):
    """Has four sales, one more than come in one answer, and makes files of them."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[dict[str, Any]] = []
        self.file = gzip.compress(self.text("Ñuñoa").encode("latin-1"))
        self.answers = {
            "getResumen": lambda _: agreed([counted(rsmnTotDoc=LIMIT + 1)]),
            "getCtrlAsync": self.control,
        }

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if "obtenerArchivoBLOB" in request.url.path:
            self.requests.append(request)
            return httpx.Response(200, content=self.file)
        return super().__call__(request)

    @staticmethod
    def text(name: str) -> str:
        rows = [exports.sale(Folio=str(one), Razon_Social=name) for one in range(LIMIT + 1)]
        return "\n".join([exports.header(Direction.SALE), *(f"{row};" for row in rows)])

    def control(self, request: httpx.Request) -> httpx.Response:
        if json.loads(request.content)["data"]["generaCtrl"]:
            self.rows.append(row(901 + len(self.rows)))
        return agreed(self.rows, code=1 if self.rows else 99, text="Aviso")

    @property
    def begun(self) -> int:
        return sum(body["data"]["generaCtrl"] for body in self.bodies("getCtrlAsync"))


def row(number: int, **changes: Any) -> dict[str, Any]:
    """Returns a file of November's sales that was asked for just now."""
    return {
        "caId": number, "caPeriodo": 202611, "caTipoDoc": 0, "caProceso": "RCV_V_DET",
        "caEstado": "CREADO", "caIdBLOB": "SIN-BLOB", "caNumLineas": 0, "caDescError": None,
    } | changes  # fmt: skip


FINISHED = {"caEstado": "TERMINADO", "caIdBLOB": "a/b"}


@pytest.fixture
def sii() -> Sii:
    return Sii()


@pytest.fixture
def session(sii: Sii) -> RcvSession:
    return open_session(sii)


def read(session: RcvSession, asked: Asked) -> RegisterReading:
    return session.read_register(exports.COMPANY, NOVEMBER, Direction.SALE, asked)


def test_a_register_above_the_limit_is_read_by_its_file_and_never_at_once(
    sii: Sii, session: RcvSession
) -> None:
    asked = Asked()
    with pytest.raises(errors.ExportNotReady):
        read(session, asked)
    assert asked.kept == [AskedExport(0), AskedExport(0, 901)]
    looked, begun = sii.bodies("getCtrlAsync")
    assert begun["data"] == looked["data"] | {"generaCtrl": True} == {
        "rutEmisor": "76000001", "dvEmisor": "9", "ptributario": "202611",
        "estadoContab": "REGISTRO", "operacion": "VENTA", "codTipoDoc": 0, "generaCtrl": True,
        "totDoc": 0, "accionRecaptcha": "RCV_DDETVA", "tokenRecaptcha": "placeholder",
    }  # fmt: skip
    sii.rows[0] |= {"caEstado": "EN PROCESO"}
    before = len(sii.requests)
    with pytest.raises(errors.ExportNotReady):
        read(session, asked)
    assert len(sii.requests) == before + 1  # one look, and nothing else is read in vain

    sii.rows[0] |= FINISHED
    reading = read(session, asked)
    reading.check_complete()
    assert {one.counterpart_name for one in reading.documents} == {"Ñuñoa"}
    assert sii.begun == 1
    assert "getDetalleVentaExport" not in sii.names
    assert str(sii.requests[-1].url).endswith("/obtenerArchivoBLOB/a%2Fb/76000001/76000001/901")


def test_as_many_documents_as_the_limit_come_at_once(sii: Sii, session: RcvSession) -> None:
    sii.answers["getResumen"] = lambda _: agreed([counted(rsmnTotDoc=LIMIT)])
    lines = [exports.header(Direction.SALE), *(exports.sale(Folio=str(one)) for one in range(3))]
    sii.answers["getDetalleVentaExport"] = lambda _: agreed(lines)
    read(session, Asked()).check_complete()
    assert "getCtrlAsync" not in sii.names


@pytest.mark.parametrize("was_heard", [True, False])
def test_a_file_whose_beginning_was_not_answered_is_found_or_asked_for_again(
    sii: Sii, session: RcvSession, was_heard: bool
) -> None:
    sii.rows = [row(77, **FINISHED)]  # somebody's, from before

    def lost(request: httpx.Request) -> httpx.Response:
        answer = sii.control(request)
        if sii.begun < 1:
            return answer
        if not was_heard:
            sii.rows.pop()
        return httpx.Response(502)

    sii.answers["getCtrlAsync"] = lost
    asked = Asked()
    with pytest.raises(errors.SiiUnavailable):
        read(session, asked)
    assert asked[REGISTRO] == AskedExport(77)

    sii.answers["getCtrlAsync"] = sii.control
    with pytest.raises(errors.ExportNotReady):
        read(session, asked)
    assert asked[REGISTRO] == AskedExport(77, 902)
    assert sii.begun == (1 if was_heard else 2)


def test_a_file_that_sii_knows_no_more_is_asked_for_again(sii: Sii, session: RcvSession) -> None:
    asked = Asked()
    asked[REGISTRO] = AskedExport(0, 5)
    with pytest.raises(errors.ExportNotReady):
        read(session, asked)
    assert asked[REGISTRO] == AskedExport(0, 901)


@pytest.mark.parametrize(
    "outcome",
    [
        pytest.param({"caEstado": "TERMINADO"}, id="no file"),
        pytest.param({"caDescError": "ERROR INTERNO"}, id="an error"),
    ],
)
def test_a_file_that_sii_could_not_make_is_no_complete_answer(
    sii: Sii, session: RcvSession, outcome: dict[str, Any]
) -> None:
    asked = Asked()
    asked[REGISTRO] = AskedExport(0, 901)
    sii.rows = [row(901, **outcome)]
    with pytest.raises(errors.IncompleteAnswer, match="could not make"):
        read(session, asked)


FILE = Sii().file


@pytest.mark.parametrize(
    ("content", "is_asked_for_again"),
    [
        pytest.param(FILE[: len(FILE) // 2], True, id="half of it"),
        pytest.param(FILE[:20] + bytes(20) + FILE[40:], True, id="damaged"),
        pytest.param(gzip.compress(b"Nro;Otra\n1;2\n"), True, id="other columns"),
        pytest.param(b"PK\x03\x04", False, id="a zip"),
        pytest.param(b"<html>Error</html>", False, id="a page"),
    ],
)
def test_a_malformed_file_is_an_unexpected_answer(
    sii: Sii, session: RcvSession, content: bytes, is_asked_for_again: bool
) -> None:
    asked = Asked()
    asked[REGISTRO] = AskedExport(0, 901)
    sii.rows, sii.file = [row(901, **FINISHED)], content
    with pytest.raises(errors.UnexpectedAnswer):
        read(session, asked)
    assert (asked == {}) == is_asked_for_again


def test_a_file_is_unpacked_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large_exports, "LARGEST_FILE", 1000)
    assert large_exports.unpacked(gzip.compress(bytes(1000))) == bytes(1000)
    with pytest.raises(errors.UnexpectedAnswer, match="more than 1000 bytes"):
        large_exports.unpacked(gzip.compress(bytes(1001)))


@pytest.mark.parametrize("pack", [gzip.compress, bytes], ids=["gzip", "plain"])
@pytest.mark.parametrize("encoding", ["latin-1", "utf-8"])
def test_a_file_is_read_packed_or_not_in_either_encoding(
    sii: Sii, session: RcvSession, pack: Any, encoding: str
) -> None:
    asked = Asked()
    asked[REGISTRO] = AskedExport(0, 901)
    sii.rows, sii.file = [row(901, **FINISHED)], pack(sii.text("Ñuñoa").encode(encoding))
    assert {one.counterpart_name for one in read(session, asked).documents} == {"Ñuñoa"}


@pytest.mark.parametrize(
    ("data", "found"),
    [
        pytest.param(None, [], id="none"),
        pytest.param([row(1, caPeriodo="202611")], [1], id="a period as text"),
        pytest.param([row(1, caPeriodo=202610)], [], id="another month"),
        pytest.param([row(1, caProceso="RCV_C_DET")], [], id="purchases"),
        pytest.param([row(1, caProceso=None)], [1], id="no process"),
        pytest.param([{key.upper(): value for key, value in row(1).items()}], [1], id="upper case"),
    ],
)
def test_only_files_of_the_month_and_the_direction_count(data: Any, found: list[int]) -> None:
    controls = large_exports.parse_controls(data, NOVEMBER, Direction.SALE)
    assert [one.number for one in controls] == found


@pytest.mark.parametrize(
    "data",
    [
        pytest.param({}, id="no list"),
        pytest.param([None], id="no row"),
        pytest.param([{}], id="an empty row"),
        pytest.param([row(1) | {"caId": "x"}], id="no number"),
    ],
)
def test_a_list_of_files_in_another_form_is_an_unexpected_answer(data: Any) -> None:
    with pytest.raises(errors.UnexpectedAnswer):
        large_exports.parse_controls(data, NOVEMBER, Direction.SALE)
