"""SII's portal: one module per family of pages."""
