"""Events of the public stream: those that wait to be published, their numbers, and what is kept to replay them."""
