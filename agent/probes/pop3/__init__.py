"""The POP3 probe."""
