"""Pages of recipient groups: which channels hear of which monitors."""
