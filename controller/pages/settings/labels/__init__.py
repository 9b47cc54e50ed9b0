"""The labels of monitors, and the filters of the overview that somebody saved."""
