"""Custom properties as a resource: the labels of monitors (docs/compatibility.md, A22)."""
