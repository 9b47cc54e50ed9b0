"""Uptimeify's API over our operations: a folder for each resource, with its routes, schemas and examples."""
