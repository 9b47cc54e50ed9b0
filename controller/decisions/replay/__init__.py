"""What another policy would have made of results that are stored: the rules of the evaluator over recorded checks."""
