"""Continued masked-LM pre-training of an encoder on the text of a sub-domain (Su & Vijay-Shanker 2022, section 2)."""
