import json
from io import StringIO

import httpx

from tests.unit.api.conftest import new_company
from tests.waiting import wait_until


def test_each_request_is_one_json_line_without_its_query(api: httpx.Client, log: StringIO) -> None:
    company_id = new_company(api)
    api.get(
        f"/companies/{company_id}/documents",
        params={"counterpart_rut": "70000000-1"},
        headers={"X-Request-ID": "trace-1"},
    )
    api.get("/health/ready")
    wait_until(lambda: "/documents 200" in log.getvalue())
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    requests = [line for line in lines if line["logger"] == "app.api.access_log"]
    assert [line["message"] for line in requests] == [
        "POST /companies 201",
        f"GET /companies/{company_id}/documents 200",
    ]
    assert requests[-1]["request"] == "trace-1"
    assert isinstance(requests[-1]["milliseconds"], int)
    assert "70000000-1" not in str(lines)
