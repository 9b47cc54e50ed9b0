"""Routes in AlertSite's shape, below `/api/v3`, on the operations that all groups of routes share."""
