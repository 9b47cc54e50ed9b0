"""`/api/v1/sign-on`: which provider signs an organization's people in, and with which roles."""
