"""User data that something else than this library has written, or that tells too little."""

from collections.abc import Callable
from typing import Any

import pytest
from spacy.language import Language
from spacy.tokens import Doc

from spacy_biore import get_records, get_relations, set_records
from spacy_biore.errors import BioreError
from spacy_biore.relations import DOC_ID_KEY, GROUP_KEY, RELATIONS_KEY, get_group

SENTENCE = "[aspirin|CHEMICAL] blocks [ptgs|GENE] ."


@pytest.fixture
def doc(make_doc: Callable[..., Doc]) -> Doc:
    return make_doc(SENTENCE, [(0, 1, "BINDS")])


CHANGES: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "no label": (lambda record: record.pop("label"), "BR020"),
    "no score": (lambda record: record.pop("score"), "BR020"),
    "no type": (lambda record: record["tail"].pop("type"), "BR020"),
    "no offset": (lambda record: record["head"].pop("start"), "BR020"),
    "an offset in words": (lambda record: record["head"].update(start="one"), "BR020"),
    "outside the text": (lambda record: record["tail"].update(end=900), "BR021"),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("read", [get_records, get_relations])
def test_what_is_no_relation_of_this_text_is_an_error(doc: Doc, read: Callable[[Doc], list], change: str):
    alter, code = CHANGES[change]
    alter(doc.user_data[RELATIONS_KEY][0])
    with pytest.raises(BioreError, match=code):
        read(doc)


@pytest.mark.parametrize("record", [{}, {"head": None, "tail": None}, {"head": {}, "tail": {}}, "INHIBITS"])
def test_broken_records_in_user_data(doc: Doc, record):
    doc.user_data[RELATIONS_KEY] = [record]
    with pytest.raises(BioreError, match="BR020"):
        get_records(doc)


def test_relations_of_another_text_are_refused(doc: Doc):
    part = doc[1:].as_doc(copy_user_data=True)
    for read in (get_records, get_relations):
        with pytest.raises(BioreError, match=rf"BR022.*{len(doc.text)} characters.*{len(part.text)}"):
            read(part)
    set_records(part, [])
    assert get_relations(part) == []


@pytest.mark.parametrize("change", CHANGES)
def test_an_extractor_warns_of_it_and_goes_on(
    doc: Doc, make_nlp: Callable[..., Language], make_example: Callable[..., Any], change: str
):
    nlp = make_nlp()
    nlp.initialize(lambda: [make_example(SENTENCE, [(0, 1, "INHIBITS")])])
    alter, code = CHANGES[change]
    doc.user_data[RELATIONS_KEY][0]["label"] = "CURES"  # of another extractor: it would stay
    alter(doc.user_data[RELATIONS_KEY][0])
    with pytest.warns(UserWarning, match=rf"BRW22.*{code}"):
        nlp.get_pipe("relation_extractor")(doc)  # type: ignore[operator]
    assert all(record["label"] != "CURES" for record in get_records(doc))


def test_articles_are_told_by_their_name_their_id_or_their_whole_text(make_doc: Callable[..., Doc]):
    beginning = "OBJECTIVE: To investigate the effects of "
    docs = [make_doc(beginning + name) for name in ("aspirin .", "zinc .", "zinc .")]
    assert get_group(docs[0]) != get_group(docs[1]) == get_group(docs[2])
    docs[0].user_data[DOC_ID_KEY] = docs[1].user_data[DOC_ID_KEY] = "1"
    assert get_group(docs[0]) == get_group(docs[1]) == "1"
    docs[0].user_data[GROUP_KEY] = "article"
    assert get_group(docs[0]) == "article"
