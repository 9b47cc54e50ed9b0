"""Tags in Uptimeify's shape (docs/compatibility.md, U30)."""
