"""Telling people: message, destinations, retries, and a file for each way out."""
