"""The accounts of the organization's people, and what each role may do."""
