"""The history of results over monitors, page by page or as an export."""
