"""AlertSite's site status report."""
