"""The history of results: pages and exports."""
