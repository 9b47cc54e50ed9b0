"""From what somebody typed to servers that may be meant: reading it, the order of candidates, and the next step after a
try. Pure.
"""
