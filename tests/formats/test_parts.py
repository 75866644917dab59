import pytest

from spacy_biore.formats import Counts
from spacy_biore.formats.parts import COVERED, MOVED, locate

TEXT = "alpha- or beta-zorbin acids"


def find(parts, surface):
    counts = Counts()
    return locate(parts, surface, text=TEXT, counts=counts, where="a file", doc_id="d1"), counts


def test_mention_of_one_part():
    place, counts = find([(10, 21)], "beta-zorbin")
    assert place == (10, 21)
    flow = counts.mentions
    assert (flow.read, flow.changed, flow.dropped, counts.contradictions) == (1, {}, {}, [])


@pytest.mark.parametrize("surface", ["alpha-zorbin acids", "alpha- zorbin acids"])
def test_discontinuous_mention_is_covered_as_a_whole(surface):
    place, counts = find([(0, 6), (15, 27)], surface)
    assert place == (0, 27)
    assert counts.mentions.changed == {COVERED: 1}


def test_parts_need_not_be_in_order():
    place, _ = find([(22, 27), (10, 14)], "acids beta")
    assert place == (10, 27)


@pytest.mark.parametrize("parts", [[(9, 14), (21, 26)], [(11, 16), (23, 27)]], ids=["right", "left"])
def test_discontinuous_mention_that_is_off_by_one_is_moved(parts):
    surface = "beta- acids" if parts[0][0] == 9 else "beta- acid"
    place, counts = find(parts, surface)
    assert place == (10, max(end for _, end in parts) + (1 if parts[0][0] == 9 else -1))
    assert counts.mentions.changed == {COVERED: 1, MOVED: 1}


@pytest.mark.parametrize(
    ("parts", "surface", "told"),
    [
        ([(9, 20)], "beta-zorbin", "9:20 ('beta-zorbin', not ' beta-zorbi')"),
        ([(10, 21)], "beta- zorbin", "10:21 ('beta- zorbin', not 'beta-zorbin')"),
        ([(0, 6), (22, 27)], "gamma-acids", "0:27 ('gamma-acids', not 'alpha- acids')"),
    ],
    ids=["one part is never moved", "space in one part matters", "parts"],
)
def test_contradictions_are_dropped_and_told(parts, surface, told):
    place, counts = find(parts, surface)
    assert place is None
    assert (counts.mentions.read, counts.mentions.dropped) == (1, {"text differs": 1})
    assert list(map(str, counts.contradictions)) == [f"a file, document 'd1', {told}"]


@pytest.mark.parametrize("parts", [[(22, 28)], [(14, 10)], [(0, 6), (22, 99)]])
def test_parts_outside_of_the_text_are_contradictions(parts):
    place, counts = find(parts, "acids")
    assert place is None and counts.mentions.dropped == {"text differs": 1}
    assert [str(one).split(", ", 2)[2] for one in counts.contradictions] == [
        f"{parts[0][0]}:{parts[-1][1]} ('acids', not '')"
    ]
