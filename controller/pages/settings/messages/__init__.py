"""Pages of how incidents are told: in which messages, and how often; of the organization and of customers."""
