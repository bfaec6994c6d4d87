"""PDFs outside of Postgres: whole or not at all, checked when read, and typed errors."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import boto3
import pytest

from app import errors
from app.infrastructure.pdf_store import open_stores
from app.infrastructure.pdf_store_directory import DirectoryStore
from app.infrastructure.pdf_store_s3 import S3Store
from app.services.attempts import Attempt
from app.services.f29_forms import find_pdf
from app.services.pdf_storage import PdfStores, Place
from app.settings import Settings
from tests.unit.buckets import BUCKET, KEY_ID, SECRET, bucket_at, refusing_server, s3_server
from tests.unit.sii.books import Books
from tests.unit.sii.forms import Forms, fetch, files, listed_company, stored, year_of

FOLIOS = [8_123_456_001, 8_123_456_002]


def client_of(url: str) -> Any:
    return boto3.client("s3", endpoint_url=url, region_name="us-east-1",
                        aws_access_key_id="other", aws_secret_access_key="other")  # fmt: skip


@pytest.fixture(scope="module")
def s3_url() -> Iterator[str]:
    with s3_server() as url:
        client_of(url).create_bucket(Bucket=BUCKET)
        yield url


@pytest.fixture(params=["directory", "s3"])
def stores(request: pytest.FixtureRequest, s3_url: str, tmp_path: Path) -> PdfStores:
    return open_stores(bucket_at(s3_url, pdf_store=request.param, pdf_store_directory=tmp_path))


@pytest.fixture
def portal() -> Forms:
    return year_of(FOLIOS)


@pytest.fixture
def company(books: Books, portal: Forms) -> UUID:
    return listed_company(books, portal)


def read(books: Books, stores: PdfStores, company: UUID, folio: int) -> bytes:
    with books.sessions() as session:
        found = find_pdf(session, company, folio)
    return stores.get(found) if isinstance(found, Place) else found


def test_pdfs_go_to_the_store_and_come_back(
    books: Books, portal: Forms, company: UUID, stores: PdfStores
) -> None:
    assert fetch(books, portal, company, pdfs=stores)["downloaded"] == 2
    assert [(one.content, one.store) for one in files(books)] == [(None, stores.chosen)] * 2
    keys = [f"{company}/{form.folio}-{form.pdf_sha256}.pdf" for form in stored(books)]
    assert [one.key for one in files(books)] == keys
    for folio in FOLIOS:
        assert read(books, stores, company, folio) == f"%PDF- {folio}".encode()


def test_what_was_stored_before_the_setting_changed_is_read_where_it_is(
    books: Books, portal: Forms, company: UUID, stores: PdfStores
) -> None:
    fetch(books, portal, company, max_per_company=1)  # into Postgres
    fetch(books, portal, company, max_per_company=1, pdfs=stores)
    back = PdfStores(outside=stores.outside)
    for folio in FOLIOS:
        assert read(books, back, company, folio) == f"%PDF- {folio}".encode()
    with pytest.raises(errors.PdfElsewhere, match=f"the store {stores.chosen}, whose settings"):
        read(books, PdfStores(), company, FOLIOS[0])


def test_another_content_or_none_is_told_from_the_one_that_was_stored(
    books: Books, portal: Forms, company: UUID, stores: PdfStores
) -> None:
    fetch(books, portal, company, pdfs=stores)
    store, key = stores.outside[stores.chosen], files(books)[0].key
    store.put(str(key), b"%PDF- another")
    with pytest.raises(errors.PdfDamaged, match="SHA-256"):
        read(books, stores, company, FOLIOS[0])
    with pytest.raises(errors.PdfDamaged, match="no longer in its"):
        store.get("nowhere.pdf")


def test_all_of_a_company_is_deleted_those_without_a_row_too_and_nothing_of_others(
    stores: PdfStores,
) -> None:
    mine, other = UUID(int=1), UUID(int=2)
    store = stores.outside[stores.chosen]
    for key in (f"{mine}/1-a.pdf", f"{mine}/2-b.pdf", f"{other}/1-c.pdf"):
        store.put(key, b"%PDF-")
    in_both = PdfStores(outside={stores.chosen: store})
    assert in_both.delete_company(mine, [stores.chosen]) == 2
    assert in_both.delete_company(mine, []) == 0
    with pytest.raises(errors.PdfDamaged):
        store.get(f"{mine}/1-a.pdf")
    assert store.get(f"{other}/1-c.pdf") == b"%PDF-"


def test_an_attempt_that_was_taken_over_leaves_its_successor_s_pdf_alone(
    books: Books, portal: Forms, company: UUID, stores: PdfStores
) -> None:
    late = Attempt(books.run(), 7)  # not the number of the run's attempt
    with pytest.raises(errors.RunTakenOver):
        fetch(books, portal, company, pdfs=stores, attempt=late)
    assert files(books) == []
    assert fetch(books, portal, company, pdfs=stores)["downloaded"] == 2


def test_a_store_that_is_away_blames_no_form(books: Books, portal: Forms, company: UUID) -> None:
    with refusing_server(0, "") as url, pytest.raises(errors.PdfStoreUnavailable):
        fetch(books, portal, company, pdfs=open_stores(bucket_at(url)))
    assert {(form.pdf_status, form.pdf_attempts) for form in stored(books)} == {("pending", 0)}
    assert portal.logins == portal.logouts


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (500, "InternalError", errors.PdfStoreUnavailable),
        (503, "SlowDown", errors.PdfStoreUnavailable),
        (429, "TooManyRequests", errors.PdfStoreUnavailable),
        (400, "RequestTimeout", errors.PdfStoreUnavailable),
        (0, "", errors.PdfStoreUnavailable),  # hangs up
        (403, "AccessDenied", errors.PdfStoreRefused),
        (403, "InvalidAccessKeyId", errors.PdfStoreRefused),
        (404, "NoSuchBucket", errors.PdfStoreRefused),
        (301, "PermanentRedirect", errors.PdfStoreRefused),
    ],
)
def test_what_s3_says_becomes_an_error_that_is_retried_or_not(
    status: int, code: str, kind: type[errors.FiscalError]
) -> None:
    with refusing_server(status, code) as url:
        store = S3Store(bucket_at(url))
        for ask in (lambda: store.get("a.pdf"), lambda: store.put("a.pdf", b"%PDF-")):
            with pytest.raises(kind) as caught:
                ask()
            assert code in caught.value.message
            assert caught.value.message.count(".") == 1, "one sentence"
            assert KEY_ID not in str(caught.value)
            assert SECRET not in str(caught.value)


def test_a_bucket_that_is_not_there_is_permanent(s3_url: str) -> None:
    with pytest.raises(errors.PdfStoreRefused, match="NoSuchBucket"):
        S3Store(bucket_at(s3_url, pdf_store_s3_bucket="another")).put("a.pdf", b"%PDF-")


def test_without_credentials_anywhere_the_sentence_says_what_to_set(
    s3_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    keys = {"pdf_store_s3_access_key_id": None, "pdf_store_s3_secret_access_key": None}
    with pytest.raises(errors.PdfStoreRefused, match="set PDF_STORE_S3_ACCESS_KEY_ID and"):
        S3Store(bucket_at(s3_url, **keys)).put("a.pdf", b"%PDF-")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "chain")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "chain")
    S3Store(bucket_at(s3_url, **keys)).put("a.pdf", b"%PDF-")


def test_a_file_is_there_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = DirectoryStore(tmp_path)
    store.put("company/one.pdf", b"%PDF-1")

    def cut(*_: object) -> None:
        raise TimeoutError("a soft limit in the middle")

    monkeypatch.setattr("os.fsync", cut)
    with pytest.raises(errors.PdfStoreUnavailable):
        store.put("company/one.pdf", b"%PDF-2")
    assert store.get("company/one.pdf") == b"%PDF-1"
    assert [path.name for path in (tmp_path / "company").iterdir()] == ["one.pdf"]


@pytest.mark.parametrize("ask", [lambda s: s.get("a/b.pdf"), lambda s: s.put("a/b.pdf", b"%PDF-")])
def test_a_directory_that_is_not_mounted_is_never_made(
    tmp_path: Path, ask: Callable[[DirectoryStore], Any]
) -> None:
    with pytest.raises(errors.PdfStoreRefused) as caught:
        ask(DirectoryStore(tmp_path / "volume"))
    assert str(tmp_path) not in caught.value.message
    assert not (tmp_path / "volume").exists()


def test_a_process_refuses_to_start_without_its_directory(tmp_path: Path) -> None:
    settings = Settings(pdf_store="directory", pdf_store_directory=tmp_path / "volume")
    with pytest.raises(errors.ConfigurationError, match="which is no directory here"):
        open_stores(settings)
    assert open_stores(Settings(pdf_store_directory=tmp_path / "volume")).chosen == "postgres"


def test_boto3_is_not_imported_before_a_pdf_is_touched() -> None:
    program = (
        "import sys; from app import bootstrap; import app.main; bootstrap.pdf_stores();"
        "sys.exit(any(name.startswith(('boto3', 'botocore')) for name in sys.modules))"
    )
    environment = {"PDF_STORE": "s3", "PDF_STORE_S3_BUCKET": BUCKET, "PYTHONPATH": "backend"}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)
