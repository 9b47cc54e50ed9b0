"""The page of one check: its round as a waterfall, its dialogue, and what differs from the last good one."""
