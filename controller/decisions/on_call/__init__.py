"""Who is told, and when, while nobody takes an incident: pure rules."""
