"""`python -m app.cli`, which the image's `fiscal` launcher runs."""

from app.cli import fiscal

fiscal(prog_name="fiscal")
