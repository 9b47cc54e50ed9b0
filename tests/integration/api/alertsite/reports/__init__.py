"""AlertSite's routes."""
