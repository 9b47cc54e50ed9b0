"""The pure parts of pages."""
