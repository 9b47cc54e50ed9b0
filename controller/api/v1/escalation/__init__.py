"""`/api/v1/escalation-policies`: who is told when nobody takes an incident."""
