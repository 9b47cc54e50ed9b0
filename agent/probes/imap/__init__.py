"""The IMAP probe."""
