"""How long results and roll-ups are kept: what controllers are set to, notices of shorter times, and the removal of
what single organizations keep no longer.
"""
