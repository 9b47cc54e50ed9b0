"""The statements of the store on a real database."""
