"""Recognisers of entities that learn from corpora of which each annotates some entity types only."""
