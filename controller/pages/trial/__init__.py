"""Try a monitor before it is saved: its check from every country, as it goes on."""
