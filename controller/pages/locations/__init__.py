"""Where checks run from: what each location can do now, what it cannot, and what to do about it."""
