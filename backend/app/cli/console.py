"""The console that every table is drawn on."""

from rich.console import Console

PLAIN_WIDTH = 160  # columns in a file or a pipe, which say nothing of theirs


def open_console() -> Console:
    """Returns a console as wide as the terminal; fixed where there is none."""
    console = Console()
    return console if console.is_terminal else Console(width=PLAIN_WIDTH)
