"""PDFs in a bucket: Amazon S3, or anything that speaks its protocol."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from pydantic import SecretStr

from app.errors import PdfDamaged, PdfStoreRefused, PdfStoreUnavailable
from app.settings import Settings

CONNECT_SECONDS, READ_SECONDS = 2, 5  # the API answers within 3; a worker has time to ask again
TRIES = 2
# Codes that S3 sends with a status below 500 though the same request may succeed later
# (docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html).
_PASSING = {"RequestTimeout", "OperationAborted", "SlowDown", "Throttling", "ThrottlingException",
            "TooManyRequests", "RequestTimeTooSkewed"}  # fmt: skip


class S3Store:
    """Objects in a bucket, below a prefix; services.pdf_storage.PdfStore."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._bucket = str(settings.pdf_store_s3_bucket)
        self._made: Any = None
        self._making = threading.Lock()

    def put(self, key: str, content: bytes) -> None:
        """S3 shows an object whole or not at all, once it has answered."""
        with self._asking() as client:
            client.put_object(
                Bucket=self._bucket,
                Key=self._name(key),
                Body=content,
                ContentType="application/pdf",
            )

    def get(self, key: str) -> bytes:
        """Returns the object's content."""
        with self._asking() as client:
            found = client.get_object(Bucket=self._bucket, Key=self._name(key))
            with found["Body"] as body:
                content: bytes = body.read()
        return content

    def delete_folder(self, folder: str) -> int:
        """Needs s3:ListBucket and s3:DeleteObject. A bucket that keeps old versions keeps them."""
        number = 0
        with self._asking() as client:
            pages = client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=self._name(f"{folder}/")
            )
            for found in pages:
                for each in found.get("Contents", []):  # one by one: no server lacks that
                    client.delete_object(Bucket=self._bucket, Key=each["Key"])
                    number += 1
        return number

    def _name(self, key: str) -> str:
        return f"{self._settings.pdf_store_s3_prefix}{key}"

    @contextmanager
    def _asking(self) -> Iterator[Any]:
        """Lends the client, and turns what boto3 says into errors of the house.

        Of an answer only its code and status are told: its text may hold the key's id.
        """
        from botocore import exceptions as boto

        try:
            yield self._client()
        except boto.ClientError as error:
            raise _error_of(error.response) from error
        except (
            boto.HTTPClientError,
            boto.IncompleteReadError,
            boto.CredentialRetrievalError,
        ) as error:
            raise PdfStoreUnavailable(
                f"S3 does not answer as it should ({type(error).__name__})."
            ) from error
        except boto.NoCredentialsError as error:
            raise PdfStoreRefused(
                "There are no credentials for S3; set PDF_STORE_S3_ACCESS_KEY_ID and"
                " PDF_STORE_S3_SECRET_ACCESS_KEY, or give the container a role."
            ) from error
        except boto.BotoCoreError as error:
            raise PdfStoreRefused(f"S3 cannot be asked ({type(error).__name__}).") from error

    def _client(self) -> Any:
        """Returns the one client, which threads may share; making it is not safe in two."""
        with self._making:
            if self._made is None:
                self._made = _new_client(self._settings)
            return self._made


def _new_client(settings: Settings) -> Any:
    # Imported late: half a second and some 40 MB that a process without a PDF should not pay.
    from boto3.session import Session
    from botocore.config import Config

    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": TRIES},
        # Not every server of others has hosts per bucket, or knows boto3's newer checksums; ours
        # is in Postgres.
        s3={"addressing_style": "path"} if settings.pdf_store_s3_endpoint_url else {},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return Session().client(
        "s3",
        endpoint_url=settings.pdf_store_s3_endpoint_url,
        region_name=settings.pdf_store_s3_region,
        # Without them boto3 looks in its own chain: environment, files, a role of the machine.
        aws_access_key_id=_plain(settings.pdf_store_s3_access_key_id),
        aws_secret_access_key=_plain(settings.pdf_store_s3_secret_access_key),
        config=config,
    )


def _plain(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None


def _error_of(answer: dict[str, Any]) -> PdfDamaged | PdfStoreRefused | PdfStoreUnavailable:
    code = str(answer.get("Error", {}).get("Code", ""))
    status = int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code == "NoSuchKey":
        return PdfDamaged("The stored PDF is no longer in its bucket.")
    if (
        status >= HTTPStatus.INTERNAL_SERVER_ERROR
        or status == HTTPStatus.TOO_MANY_REQUESTS
        or code in _PASSING
    ):
        return PdfStoreUnavailable(f"S3 asks to come back later ({code}, {status}).")
    return PdfStoreRefused(f"S3 refuses the bucket of the PDFs ({code}, {status}).")
