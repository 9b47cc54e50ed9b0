"""Unit tests of replays: what another policy makes of recorded checks."""
