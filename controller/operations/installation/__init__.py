"""The installation itself: its first organization, locations with their keys, subscribers, and the keys of the
vault.
"""
