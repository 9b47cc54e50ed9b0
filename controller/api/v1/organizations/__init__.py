"""`/api/v1/organizations`: the organizations of the installation."""
