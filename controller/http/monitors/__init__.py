"""Monitors of any kind as they are written over our own API and in the dashboard's forms: their fields, and the change
that these make.
"""
