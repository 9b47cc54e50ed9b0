"""Simulated years, without network and database."""
