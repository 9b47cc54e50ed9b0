"""The packages of the organization's customers."""
