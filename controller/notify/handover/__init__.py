"""Hand-over of incidents to services that page people or keep alerts: what each is sent, and what comes back.

Unlike a message to a chat, an alert has a life there: it is opened, acknowledged and resolved under one key. Each
service has a module with what its API documents.
"""
