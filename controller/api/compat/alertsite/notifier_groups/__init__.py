"""Groups of recipients as AlertSite knows them (docs/compatibility.md, A18)."""
