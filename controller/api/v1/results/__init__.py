"""The history of results, by page or as a file."""
