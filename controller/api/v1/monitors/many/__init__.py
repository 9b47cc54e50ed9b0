"""`/api/v1/monitors`: the list, and changes of many monitors at once."""
