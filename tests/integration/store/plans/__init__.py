"""How PostgreSQL goes about statements that must stay fast, by its own account."""
