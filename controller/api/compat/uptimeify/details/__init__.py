"""Everything that a monitor's page shows, in one answer."""
