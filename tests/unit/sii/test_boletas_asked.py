"""How the boletas of a month are asked for, type by type."""

from typing import Any

import pytest

from app import errors
from app.domain.documents import AccountingState
from app.infrastructure.sii.rcv import RcvSession
from app.infrastructure.sii.rcv_summary import parse_summary
from tests.unit.sii import exports
from tests.unit.sii.test_rcv import NOVEMBER, Rcv, agreed, counted, open_session

BOLETAS = {"boletas": [{"dia": 5, "montoNeto": 1000, "montoIva": 190, "montoExento": 0,
                        "montoTotal": 1190, "totalDocumentos": 812}]}  # fmt: skip


@pytest.fixture
def rcv() -> Rcv:
    return Rcv()


@pytest.fixture
def session(rcv: Rcv) -> RcvSession:
    return open_session(rcv)


def of_boletas(**changes: Any) -> dict[str, Any]:
    return counted(dcvTipoIngresoDoc="RESUMEN", rsmnTotDoc=812) | changes


def test_boletas_are_asked_for_type_by_type_in_the_envelope_of_their_own_service(
    rcv: Rcv, session: RcvSession
) -> None:
    rows = [counted(), of_boletas(rsmnTipoDocInteger=39), of_boletas(rsmnTipoDocInteger=35)]
    rcv.answers = {
        "getResumen": lambda _: agreed(rows),
        "obtieneListaBoletasMes": lambda _: agreed(BOLETAS),
    }
    reading = session.read_boletas(exports.COMPANY, NOVEMBER, None)
    reading.check_complete()
    assert [(one.doc_type, one.day.day, one.count) for one in reading.days] == [(39, 5, 812)]
    (body,) = rcv.bodies("obtieneListaBoletasMes")
    assert body["metaData"].pop("transactionId")
    assert body == {
        "metaData": {
            "namespace": "cl.sii.sdi.lob.diii.dcv.data.impl.boletasdiarias."
            "FacadeSettingApplicationService/obtieneListaBoletasMes",
            "conversationId": "T0K3N",
            "page": {"pageSize": 1, "pageIndex": 1},
        },
        "data": {"rut": "76000001", "dv": "9", "periodo": "202611", "tipoDocumento": "39"},
    }
    assert rcv.requests[-1].url.path == (
        "/www4/complementoscvui/services/data/facadeServiceBoletasDiarias/obtieneListaBoletasMes"
    )
    assert rcv.requests[-1].headers["Accept"] == "application/json, text/plain, */*"


def test_a_known_summary_of_boletas_is_not_asked_for_again(rcv: Rcv, session: RcvSession) -> None:
    rcv.answers = {"obtieneListaBoletasMes": lambda _: agreed(None, code=99)}
    known = parse_summary([of_boletas(rsmnTipoDocInteger=48)], AccountingState.REGISTRO)
    reading = session.read_boletas(exports.COMPANY, NOVEMBER, known)
    assert "getResumen" not in rcv.names
    with pytest.raises(errors.IncompleteAnswer, match=r"have 0 boletas of type 48 .* counts 812"):
        reading.check_complete()
