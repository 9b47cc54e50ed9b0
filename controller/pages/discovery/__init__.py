"""From an address that somebody types: candidates of servers, each tried, with the reason for each."""
