"""`/api/v1/trials`: what a check of settings that no monitor has would find out."""
