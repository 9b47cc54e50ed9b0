"""From stored results to verdicts, incidents and rechecks."""
