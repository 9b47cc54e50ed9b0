"""A mail password goes from the API, encrypted at rest and sealed on the wire, to the mail server, and nowhere else."""

from __future__ import annotations

BOTH = {"DE", "US"}
PASSWORD = "open sesame, pleaſe"
