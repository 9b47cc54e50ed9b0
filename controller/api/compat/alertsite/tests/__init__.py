"""Tests on demand (docs/compatibility.md, A21)."""
