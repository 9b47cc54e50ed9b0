"""Who hears of an incident, and when."""
