"""Unit tests of evaluations: votes, quorum, monitor state and incidents."""
