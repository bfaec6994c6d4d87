"""Which stores of PDFs there are. Neither is touched, nor boto3 imported, before a PDF is."""

from app.errors import ConfigurationError
from app.infrastructure.pdf_store_directory import DirectoryStore
from app.infrastructure.pdf_store_s3 import S3Store
from app.services.pdf_storage import DIRECTORY, S3, PdfStore, PdfStores
from app.settings import Settings


def open_stores(settings: Settings) -> PdfStores:
    """Returns the store that PDF_STORE names, and each other one that is still configured.

    Raises ConfigurationError with one sentence where the chosen directory is not there.
    """
    outside: dict[str, PdfStore] = {}
    if settings.pdf_store_directory is not None:
        outside[DIRECTORY] = DirectoryStore(settings.pdf_store_directory)
        if settings.pdf_store == DIRECTORY and not settings.pdf_store_directory.is_dir():
            # Never made here: a volume that is not mounted would be written beside.
            raise ConfigurationError(
                f"PDF_STORE_DIRECTORY names {settings.pdf_store_directory}, which is no directory"
                " here; mount it where the API and the workers run (docs/operations.md)."
            )
    if settings.pdf_store_s3_bucket is not None:
        outside[S3] = S3Store(settings)
    return PdfStores(settings.pdf_store, outside)
