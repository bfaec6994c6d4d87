"""What a file needs to outlive a power cut, beside its own content."""

import os
from pathlib import Path


def sync_directory(directory: Path) -> None:
    """Returns once the names in `directory` outlive a power cut. Raises OSError."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
