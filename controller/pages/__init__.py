"""The dashboard: pages for people, rendered on the server and usable without script."""
