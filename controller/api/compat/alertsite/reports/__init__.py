"""Reports about a time (docs/compatibility.md, A23)."""
