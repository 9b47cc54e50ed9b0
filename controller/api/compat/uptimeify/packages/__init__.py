"""Packages of customers."""
