"""The APIs of vendors, translated to our operations."""
