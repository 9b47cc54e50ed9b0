"""The PostgreSQL statements of the controller; no other package contains SQL."""
