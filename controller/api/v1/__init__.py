"""Our own routes: locations, policies, results and streams."""
