"""`/api/v1/customers`: the customers of an organization, whose monitors are checked."""
