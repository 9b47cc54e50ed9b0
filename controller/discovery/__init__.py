"""Finds servers by what DNS and autoconfig say of a domain. Connects only to addresses that notifications may reach."""
