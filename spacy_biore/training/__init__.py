"""Training with spaCy's loop, which goes on where it was interrupted."""
