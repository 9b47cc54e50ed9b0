"""When rounds are due, who is asked, and what keeps a location from checking."""
