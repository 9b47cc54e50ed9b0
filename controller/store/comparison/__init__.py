"""What locations see of servers: facts, what differs between locations, and what changed."""
