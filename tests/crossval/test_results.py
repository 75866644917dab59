"""Means and pooled scores of folds."""

import pytest

from spacy_biore.crossval.results import summarise
from spacy_biore.scorer import RelationTally


def scored(tp, fp, fn):
    tally = RelationTally(["A"])
    tally.per_type["A"].tp, tally.per_type["A"].fp, tally.per_type["A"].fn = tp, fp, fn
    return {**tally.scores(), "gold": tp + fn, "found": tp, "spurious": fp}


def test_means_are_over_folds_and_pooled_scores_over_pairs():
    summary = summarise([scored(1, 0, 1), scored(6, 2, 0)])
    assert summary["mean"] == pytest.approx({"p": (1 + 0.75) / 2, "r": (0.5 + 1) / 2, "f": (2 / 3 + 12 / 14) / 2})
    assert summary["deviation"]["r"] == pytest.approx(0.5 / 2**0.5)
    assert summary["pooled"] == pytest.approx({"p": 7 / 9, "r": 7 / 8, "f": 14 / 17})


def test_a_fold_without_gold_relations_is_in_no_mean_but_its_mistakes_are_pooled():
    summary = summarise([scored(1, 0, 1), scored(0, 2, 0)])
    assert (summary["folds"], summary["scored"]) == (2, 1)
    assert summary["mean"] == pytest.approx({"p": 1, "r": 0.5, "f": 2 / 3})
    assert summary["deviation"] == {"p": None, "r": None, "f": None}
    assert summary["pooled"]["p"] == pytest.approx(1 / 3)


def test_without_any_gold_relations_nothing_is_scored():
    summary = summarise([scored(0, 1, 0), scored(0, 0, 0)])
    assert summary["mean"] == summary["pooled"] == {"p": None, "r": None, "f": None}
