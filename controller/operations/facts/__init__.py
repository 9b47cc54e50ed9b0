"""What locations see of servers, and what changed about it."""
