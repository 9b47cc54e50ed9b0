"""Recipients: notification channels as AlertSite knows them (docs/compatibility.md, A17)."""
