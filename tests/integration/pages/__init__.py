"""The dashboard, page by page, as a browser without scripts reads it."""
