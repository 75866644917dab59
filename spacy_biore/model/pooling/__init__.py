"""Pooling: how the last layer of the encoder becomes one vector a pair.

Three parts are concatenated: the sentence state (``cls``), a summary of the text (``summary``) and the states of the
two mentions (``entities``). Su & Vijay-Shanker, BMC Bioinformatics 2022, 23:120, show that the summary adds to
``[CLS]`` alone.
"""

from .combined import CLS_PARTS, ENTITY_PARTS, SUMMARY_PARTS, Pooling

__all__ = ["CLS_PARTS", "ENTITY_PARTS", "SUMMARY_PARTS", "Pooling"]
