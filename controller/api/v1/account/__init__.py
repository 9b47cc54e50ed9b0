"""`/api/v1/account`: who the caller is, and what people change themselves."""
