"""Cross-validation: train and score a config on every fold of a corpus."""
