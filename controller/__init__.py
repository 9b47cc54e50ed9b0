"""The controller: schedules checks, evaluates their results, notifies people, and serves the API."""
