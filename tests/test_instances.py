"""How a pair is shown: which text, and what stands in the place of its mentions."""

import pytest
from spacy.tokens import Doc

from spacy_biore.candidates import Candidates, make_candidate_generator
from spacy_biore.instances import Instance, make_instances, special_tokens
from spacy_biore.schema import Schema

SCHEMA = Schema.from_config([{"label": "R", "head": ["CHEMICAL", "GENE"], "tail": ["GENE", "CHEMICAL"]}])


def shown(doc: Doc, instance: Instance) -> str:
    """Write an instance as text: edits in brackets, so that they can't be taken for text."""
    text, at = "", instance.start
    for edit in instance.edits:
        assert edit.start >= at, "edits overlap"
        text += doc.text[at : edit.start] + f"{{{edit.token}}}"
        at = edit.end
    return text + doc.text[at : instance.end]


def show_all(doc: Doc, **settings) -> dict[tuple[str, str], str]:
    """Show every candidate pair of a Doc, by the texts of head and tail."""
    candidates = make_candidate_generator("document", spans_key="sc")(doc, SCHEMA)
    instances = make_instances(doc, candidates, **settings)
    assert len(instances) == len(candidates)
    return {key_of(doc, candidates, row): shown(doc, instance) for row, instance in enumerate(instances)}


def key_of(doc: Doc, candidates: Candidates, row: int) -> tuple[str, str]:
    head, tail = candidates.head(row), candidates.tail(row)
    return doc[head.start : head.end].text, doc[tail.start : tail.end].text


def test_anonymised(make_doc):
    doc = make_doc("First. [aspirin|CHEMICAL] blocks [COX two|GENE] (strongly). Last.")
    texts = show_all(doc, style="anonymised")
    assert texts["aspirin", "COX two"] == "{@CHEMICAL$} blocks {@GENE$} (strongly)."
    assert texts["COX two", "aspirin"] == texts["aspirin", "COX two"]


def test_marked(make_doc):
    doc = make_doc("[COX two|GENE] by [aspirin|CHEMICAL].")
    texts = show_all(doc, style="marked")
    assert texts["aspirin", "COX two"] == "{<T:GENE>}COX two{</T:GENE>} by {<H:CHEMICAL>}aspirin{</H:CHEMICAL>}."
    assert texts["COX two", "aspirin"] == "{<H:GENE>}COX two{</H:GENE>} by {<T:CHEMICAL>}aspirin{</T:CHEMICAL>}."


def test_shared(make_doc):
    doc = make_doc("First [d|GENE]. [aspirin|CHEMICAL] and [b c|CHEMICAL] block [COX two|GENE]. [e|GENE] last.")
    candidates = make_candidate_generator()(doc, SCHEMA)
    instances = make_instances(doc, candidates, style="shared")
    assert {shown(doc, i) for i in instances} == {"{@CHEMICAL$} and {@CHEMICAL$} block {@GENE$}."}
    assert all(instance.edits is instances[0].edits for instance in instances)
    for row, instance in enumerate(instances):
        head, tail = candidates.head(row), candidates.tail(row)
        for mention, place in ((head, instance.head), (tail, instance.tail)):
            assert place[0] == place[1]
            assert instance.edits[place[0]][:2] == (mention.start_char, mention.end_char)
        assert instance.tags == (
            (head.start_char, head.end_char, f"<H:{head.type}>"),
            (tail.start_char, tail.end_char, f"<T:{tail.type}>"),
        )


@pytest.mark.parametrize("style", ["anonymised", "marked"])
def test_head_and_tail_point_at_their_edits(make_doc, style: str):
    doc = make_doc("[COX two|GENE] by [aspirin|CHEMICAL].")
    candidates = make_candidate_generator()(doc, SCHEMA)
    for row, instance in enumerate(make_instances(doc, candidates, style=style)):
        for mention, (first, last) in ((candidates.head(row), instance.head), (candidates.tail(row), instance.tail)):
            assert instance.edits[first].start == mention.start_char
            assert instance.edits[last].end == mention.end_char
            assert mention.type in instance.edits[first].token


OVERLAPS = {
    "nested": (
        [("a b c", "CHEMICAL"), ("b", "GENE")],
        "x {@CHEMICAL-GENE$} d",
        "x {<H:CHEMICAL>}a {<T:GENE>}b{</T:GENE>} c{</H:CHEMICAL>} d",
    ),
    "head inside tail": (
        [("b", "CHEMICAL"), ("a b c", "GENE")],
        "x {@CHEMICAL-GENE$} d",
        "x {<T:GENE>}a {<H:CHEMICAL>}b{</H:CHEMICAL>} c{</T:GENE>} d",
    ),
    "nested at the start": (
        [("a b", "CHEMICAL"), ("a", "GENE")],
        "x {@CHEMICAL-GENE$} c d",
        "x {<H:CHEMICAL>}{<T:GENE>}a{</T:GENE>} b{</H:CHEMICAL>} c d",
    ),
    "nested at the end": (
        [("a b", "CHEMICAL"), ("b", "GENE")],
        "x {@CHEMICAL-GENE$} c d",
        "x {<H:CHEMICAL>}a {<T:GENE>}b{</T:GENE>}{</H:CHEMICAL>} c d",
    ),
    "identical": (
        [("a", "CHEMICAL"), ("a", "GENE")],
        "x {@CHEMICAL-GENE$} b c d",
        "x {<H:CHEMICAL>}{<T:GENE>}a{</T:GENE>}{</H:CHEMICAL>} b c d",
    ),
    "crossing": (
        [("a b", "CHEMICAL"), ("b c", "GENE")],
        "x {@CHEMICAL-GENE$} d",
        "x {<H:CHEMICAL>}a {<T:GENE>}b{</H:CHEMICAL>} c{</T:GENE>} d",
    ),
}


@pytest.mark.parametrize("case", OVERLAPS)
def test_overlapping_mentions(make_doc, span_of, case: str):
    mentions, anonymised, marked = OVERLAPS[case]
    doc = make_doc("x a b c d")
    doc.spans["sc"] = [span_of(doc, text, label, id=label) for text, label in mentions]
    key = (mentions[0][0], mentions[1][0])
    candidates = make_candidate_generator("document", spans_key="sc")(doc, SCHEMA)
    row = next(r for r in range(len(candidates)) if candidates.head(r).type == "CHEMICAL")
    assert key_of(doc, candidates, row) == key
    one = candidates.take([row])
    assert [shown(doc, i) for i in make_instances(doc, one, style="anonymised")] == [anonymised]
    assert [shown(doc, i) for i in make_instances(doc, one, style="marked")] == [marked]


SHARED_OVERLAPS = {
    # The text of the pair of the first two mentions, and the edits that they are part of.
    "both shown": ([("a", "CHEMICAL"), ("c", "GENE"), ("a b", "GENE")], "x {@CHEMICAL$} b {@GENE$} d e", [0, 1]),
    "inside a third": ([("b", "CHEMICAL"), ("e", "GENE"), ("a b c", "GENE")], "x a {@CHEMICAL$} c d {@GENE$}", [0, 1]),
    "around a third": ([("a b c", "CHEMICAL"), ("e", "GENE"), ("b", "GENE")], "x {@CHEMICAL$} d {@GENE$}", [0, 1]),
    "one inside the other": ([("a b c", "CHEMICAL"), ("b", "GENE")], "x a {@GENE$} c d e", [0, 0]),
    "on the same words": ([("a b", "CHEMICAL"), ("a b", "GENE")], "x {@GENE$} c d e", [0, 0]),
    "crossing": ([("a b", "CHEMICAL"), ("b c d", "GENE")], "x {@CHEMICAL$} c d e", [0, 0]),
    "crossing one that crosses a third, inside which the tail lies": (
        [("a", "CHEMICAL"), ("d e", "GENE"), ("a b", "GENE"), ("b c d", "GENE")],
        "x {@CHEMICAL$} b c {@GENE$}",
        [0, 1],
    ),
    "crossing a third": (
        [("a b", "CHEMICAL"), ("e", "GENE"), ("b c d", "GENE")],
        "x {@CHEMICAL$} c d {@GENE$}",
        [0, 1],
    ),
}


@pytest.mark.parametrize("case", SHARED_OVERLAPS)
def test_shared_text_shows_the_mentions_of_the_pair_first_and_then_the_longest(make_doc, span_of, case: str):
    mentions, text, places = SHARED_OVERLAPS[case]
    doc = make_doc("x a b c d e")
    doc.spans["sc"] = [span_of(doc, name, label, id=label) for name, label in mentions]
    candidates = make_candidate_generator("document", spans_key="sc")(doc, SCHEMA)
    wanted = (mentions[0][0], mentions[1][0])
    [row] = [
        row
        for row in range(len(candidates))
        if key_of(doc, candidates, row) == wanted and candidates.head(row).type == "CHEMICAL"
    ]
    instance = make_instances(doc, candidates, style="shared")[row]
    assert shown(doc, instance) == text
    assert [instance.head[0], instance.tail[0]] == places


def test_shared_text_is_one_for_the_pairs_whose_mentions_it_shows(make_doc, span_of):
    doc = make_doc("x a b c d e")
    names = [("a b", "CHEMICAL"), ("b", "CHEMICAL"), ("d", "GENE"), ("e", "GENE")]
    doc.spans["sc"] = [span_of(doc, name, label) for name, label in names]
    schema = Schema.from_config([{"label": "R", "head": "CHEMICAL", "tail": "GENE"}])
    candidates = make_candidate_generator("document", spans_key="sc")(doc, schema)
    texts: dict[str, list] = {}
    for row, instance in enumerate(make_instances(doc, candidates, style="shared")):
        texts.setdefault(shown(doc, instance), []).append((key_of(doc, candidates, row), id(instance.edits)))
    assert {text: [key for key, _ in found] for text, found in texts.items()} == {
        "x {@CHEMICAL$} c {@GENE$} {@GENE$}": [("a b", "d"), ("a b", "e")],
        "x a {@CHEMICAL$} c {@GENE$} {@GENE$}": [("b", "d"), ("b", "e")],
    }
    assert all(len({made for _, made in found}) == 1 for found in texts.values())


def test_touching_mentions_stay_two(make_doc, span_of):
    doc = make_doc("x a/b c")
    doc.spans["sc"] = [span_of(doc, "a", "CHEMICAL"), span_of(doc, "/b", "GENE")]
    assert show_all(doc, style="anonymised")["a", "/b"] == "x {@CHEMICAL$}{@GENE$} c"
    marked = show_all(doc, style="marked")["a", "/b"]
    assert marked == "x {<H:CHEMICAL>}a{</H:CHEMICAL>}{<T:GENE>}/b{</T:GENE>} c"


@pytest.mark.parametrize(
    ("context", "expected"),
    [(0, "{@CHEMICAL$} c. Two. {@GENE$} d."), (1, "One. {@CHEMICAL$} c. Two. {@GENE$} d. End."), (9, None)],
)
def test_sentences_between_and_around_the_pair(make_doc, context: int, expected: str | None):
    doc = make_doc("Zero. One. [a|CHEMICAL] c. Two. [b|GENE] d. End. More.")
    expected = expected or "Zero. One. {@CHEMICAL$} c. Two. {@GENE$} d. End. More."
    assert show_all(doc, style="anonymised", context=context)["a", "b"] == expected


def test_whole_doc_without_sentence_boundaries(make_doc):
    doc = make_doc("Zero. [a|CHEMICAL] c [b|GENE]. End.", sentences=False)
    assert show_all(doc, style="anonymised")["a", "b"] == "Zero. {@CHEMICAL$} c {@GENE$}. End."


def test_special_tokens_cover_all_that_instances_need(make_doc, span_of):
    doc = make_doc("x [a|CHEMICAL] b [c|GENE] [d|GENE] e")
    doc.spans["sc"] = [*doc.ents, span_of(doc, "a b c", "GENE")]
    candidates = make_candidate_generator("document", spans_key="sc")(doc, SCHEMA)
    for style in ("anonymised", "marked", "shared"):
        instances = make_instances(doc, candidates, style=style)
        used = {e.token for instance in instances for e in instance.edits} | {
            t.token for i in instances for t in i.tags
        }
        assert used and used <= set(special_tokens(SCHEMA, style))


def test_special_tokens_say_what_they_stand_for():
    schema = Schema.from_config([{"label": "R", "head": "CHEMICAL", "tail": "GENE"}])
    assert special_tokens(schema, "anonymised") == {
        "@CHEMICAL$": "CHEMICAL",
        "@CHEMICAL-GENE$": "CHEMICAL GENE",
        "@GENE$": "GENE",
    }
    assert special_tokens(schema, "marked") == {
        "<H:CHEMICAL>": "CHEMICAL",
        "</H:CHEMICAL>": "CHEMICAL",
        "<T:GENE>": "GENE",
        "</T:GENE>": "GENE",
    }
