"""`/api/v1/packages`: what the organization offers its customers."""
