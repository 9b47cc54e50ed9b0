"""Settings of an organization with what differs for a customer: grouping of incidents, reminders."""
