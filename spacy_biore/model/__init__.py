"""The model: from candidate pairs to logits."""
