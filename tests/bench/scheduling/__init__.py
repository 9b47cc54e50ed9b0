"""How a controller schedules, and what it does after an outage."""
