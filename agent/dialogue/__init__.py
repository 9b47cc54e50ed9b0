"""What the probes of all protocols share: connection, phases, login, transcript, scrubbing."""
