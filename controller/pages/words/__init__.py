"""Words and sentences for the codes that are stored: one place for each, so that every page says the same."""
