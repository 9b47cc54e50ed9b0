"""`/api/v1/discoveries`: servers that may be meant by an address."""
