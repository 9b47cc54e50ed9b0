"""Forms of the dashboard in a browser."""
