"""Facts of servers, and their changes, over the API."""
