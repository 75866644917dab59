"""One pipeline from text to relations: a recogniser, a map of its entity types, and a relation extractor."""
