import pytest

from spacy_biore.errors import BioreError
from spacy_biore.formats import Counts
from spacy_biore.formats.parts import COVERED, MOVED, locate

TEXT = "alpha- or beta-zorbin acids"


def find(parts, surface, **kwargs):
    counts = Counts()
    options = {"on_mismatch": "error", "where": "a file", "doc_id": "d1", **kwargs}
    return locate(parts, surface, text=TEXT, counts=counts, **options), counts.mentions


def test_mention_of_one_part():
    place, flow = find([(10, 21)], "beta-zorbin")
    assert place == (10, 21)
    assert (flow.read, flow.changed, flow.dropped) == (1, {}, {})


@pytest.mark.parametrize("surface", ["alpha-zorbin acids", "alpha- zorbin acids"])
def test_discontinuous_mention_is_covered_as_a_whole(surface):
    place, flow = find([(0, 6), (15, 27)], surface)
    assert place == (0, 27)
    assert flow.changed == {COVERED: 1}


def test_parts_need_not_be_in_order():
    place, _ = find([(22, 27), (10, 14)], "acids beta")
    assert place == (10, 27)


@pytest.mark.parametrize("parts", [[(9, 14), (21, 26)], [(11, 16), (23, 27)]], ids=["right", "left"])
def test_discontinuous_mention_that_is_off_by_one_is_moved(parts):
    surface = "beta- acids" if parts[0][0] == 9 else "beta- acid"
    place, flow = find(parts, surface)
    assert place == (10, max(end for _, end in parts) + (1 if parts[0][0] == 9 else -1))
    assert flow.changed == {COVERED: 1, MOVED: 1}


def test_mention_of_one_part_is_never_moved():
    with pytest.raises(BioreError, match="BR106.*a file: document 'd1': at 9:20 .*'beta-zorbin'.*' beta-zorbi'"):
        find([(9, 20)], "beta-zorbin")


def test_space_inside_a_mention_of_one_part_matters():
    with pytest.raises(BioreError, match="BR106"):
        find([(10, 21)], "beta- zorbin")


def test_contradicting_parts():
    with pytest.raises(BioreError, match=r"BR106.*at 0:27 .*'gamma-acids'.*'alpha- acids'"):
        find([(0, 6), (22, 27)], "gamma-acids")


def test_contradiction_can_be_dropped_and_is_counted():
    place, flow = find([(10, 14)], "zeta", on_mismatch="drop")
    assert place is None
    assert (flow.read, flow.dropped) == (1, {"text differs": 1})


@pytest.mark.parametrize("parts", [[(10, 28)], [(14, 10)], [(0, 6), (22, 28)]])
def test_parts_outside_of_the_text(parts):
    with pytest.raises(BioreError, match="BR105.*a file: document 'd1'"):
        find(parts, "beta", on_mismatch="drop")
