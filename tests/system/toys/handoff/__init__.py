"""A line is handed in at one server and picked up at another: two endpoints and two logins."""
