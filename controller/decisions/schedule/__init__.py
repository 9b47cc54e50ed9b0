"""When rounds are due, and which locations take part in them."""
