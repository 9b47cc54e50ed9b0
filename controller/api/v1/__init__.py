"""Our own routes: locations, organizations, policies, results, streams and the audit log."""
