"""Backend of the fiscal platform."""

__version__ = "0.1.0"
