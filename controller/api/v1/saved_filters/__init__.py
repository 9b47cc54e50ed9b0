"""`/api/v1/saved-filters`: filters of the dashboard's overview that are saved under a name."""
