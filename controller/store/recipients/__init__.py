"""Groups of recipients, and when recipients are silenced."""
