"""The SMTP probe."""
