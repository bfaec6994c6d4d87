"""PDFs in a directory that the API and the workers share."""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from app.errors import PdfDamaged, PdfStoreRefused, PdfStoreUnavailable
from app.infrastructure.files import sync_directory

# What somebody has to change; all else (no room, a server that is away) may pass by itself.
_REFUSALS = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR, errno.EISDIR,
             errno.ENAMETOOLONG, errno.ELOOP}  # fmt: skip


class DirectoryStore:
    """Files below `root`, which has to be there; services.pdf_storage.PdfStore."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, key: str, content: bytes) -> None:
        """Writes beside, syncs, and renames: a reader sees the whole file or none."""
        target = self._root / key
        with _typed():
            if not target.parent.is_dir():
                with suppress(FileExistsError):  # another worker was faster
                    target.parent.mkdir()  # never its parents: `root` may be not mounted
                sync_directory(self._root)
            handle, name = tempfile.mkstemp(".part", f".{target.stem}-", target.parent)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                Path(name).replace(target)
            except BaseException:  # a time limit included
                Path(name).unlink(missing_ok=True)
                raise
            sync_directory(target.parent)

    def get(self, key: str) -> bytes:
        """Returns the file's content."""
        with _typed():
            try:
                return (self._root / key).read_bytes()
            except FileNotFoundError:
                if not self._root.is_dir():
                    raise
                raise PdfDamaged("The stored PDF is no longer in its directory.") from None

    def delete_folder(self, folder: str) -> int:
        """Hidden parts of a killed writer go as well."""
        target = self._root / folder
        with _typed():
            if not target.is_dir():
                self._root.stat()  # not mounted is no success
                return 0
            number = sum(1 for file in target.iterdir() if file.suffix == ".pdf")
            shutil.rmtree(target)
            sync_directory(self._root)
        return number


@contextmanager
def _typed() -> Iterator[None]:
    """Turns what the file system says into errors of the house, without paths in them."""
    try:
        yield
    except OSError as error:
        kind = PdfStoreRefused if error.errno in _REFUSALS else PdfStoreUnavailable
        raise kind(f"The directory of the PDFs: {error.strerror}.") from error
