"""Pictures of the dashboard: installations that are made up, and every view of them as a PNG."""
