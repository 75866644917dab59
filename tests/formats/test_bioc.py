import json
import sys
from xml.sax.saxutils import escape

import pytest

from spacy_biore.errors import BioreError
from spacy_biore.formats import Mention, Relation, Source
from spacy_biore.formats.bioc import find_bioc, read_bioc

TITLE, ABSTRACT = "Zorbin harms.", "Zorbin causes β-drowsiness & pain."
MENTIONS = (
    ("0", "Chemical", "D1", [(0, 6)], "Zorbin"),
    ("1", "Chemical", "D1", [(14, 6)], "Zorbin"),
    ("2", "Disease", "D2|D3", [(28, 12)], "β-drowsiness"),
    ("3", "Disease", "-", [(43, 4)], "pain"),
)


def annotation(number, kind, concept, places, text):
    infons = {"type": kind} | ({"identifier": concept} if concept else {})
    locations = [{"offset": offset, "length": length} for offset, length in places]
    return {"id": number, "infons": infons, "locations": locations, "text": text}


def passage(offset, text, *annotations, **more):
    return {"offset": offset, "infons": {}, "text": text, "annotations": list(annotations), **more}


def relation(*nodes, number="R1", **infons):
    named = {name.replace("_", " "): value for name, value in infons.items()}
    return {"id": number, "infons": named, "nodes": [{"refid": refid, "role": role} for refid, role in nodes]}


def document(*relations, mentions=MENTIONS, doc_id="21"):
    of_title, of_abstract = ([annotation(*one) for one in mentions if (one[3][0][0] > 13) == later] for later in (0, 1))
    passages = [passage(0, TITLE, *of_title), passage(14, ABSTRACT, *of_abstract)]
    return {"id": doc_id, "infons": {}, "passages": passages, "relations": list(relations)}


def as_xml(one):
    """Write a document as BioC's XML."""

    def infons(held):
        return "".join(f'<infon key="{key}">{escape(str(value))}</infon>' for key, value in held["infons"].items())

    def content(held):
        yield infons(held)
        for part in held.get("sentences", []):
            yield f"<sentence><offset>{part['offset']}</offset><text>{escape(part['text'])}</text>"
            yield from content(part)
            yield "</sentence>"
        for one in held.get("annotations", []):
            places = "".join(f'<location offset="{p["offset"]}" length="{p["length"]}"/>' for p in one["locations"])
            yield f'<annotation id="{one["id"]}">{infons(one)}{places}<text>{escape(one["text"])}</text></annotation>'
        for one in held.get("relations", []):
            nodes = "".join(f'<node refid="{node["refid"]}" role="{node["role"]}"/>' for node in one["nodes"])
            yield f'<relation id="{one["id"]}">{infons(one)}{nodes}</relation>'

    def passages():
        for part in one["passages"]:
            text = f"<text>{escape(part['text'])}</text>" if part.get("text") else ""
            yield f"<passage><offset>{part['offset']}</offset>{text}{''.join(content(part))}</passage>"

    return f"<document><id>{one['id']}</id>{''.join(passages())}{''.join(content(one))}</document>"


def collection(*documents):
    head = "<?xml version='1.0' encoding='UTF-8'?>\n<!DOCTYPE collection SYSTEM 'BioC.dtd'>\n<collection>"
    return f"{head}<source>x</source><date/><key/>{''.join(map(as_xml, documents))}</collection>"


# As a collection, an export of PubTator3, a list of collections, and a document a line.
FORMS = {
    "xml": collection,
    "json": lambda *documents: json.dumps({"source": "x", "documents": documents}, indent=1),
    "export": lambda *documents: json.dumps({"PubTator3": documents}),
    "list": lambda *documents: json.dumps([{"documents": documents}], ensure_ascii=False),
    "lines": lambda *documents: "".join(json.dumps(one) + "\n" for one in documents),
}


@pytest.fixture
def read_text(tmp_path):
    def read(text, **kwargs):
        path = tmp_path / "c.BioC"
        path.write_text(text, encoding="utf-8")
        return list(read_bioc(Source("c", {"file": path}), **kwargs))

    return read


@pytest.fixture(params=FORMS)
def read(read_text, request):
    return lambda *documents, **kwargs: read_text(FORMS[request.param](*documents), **kwargs)


def test_passages_become_one_text_with_the_offsets_of_the_corpus(read):
    first, second = read(document(), document(doc_id="22"))
    assert (first.id, first.text, second.id) == ("21", f"{TITLE} {ABSTRACT}", "22")
    assert first.mentions == [
        Mention("0", 0, 6, "Chemical", "D1"),
        Mention("1", 14, 20, "Chemical", "D1"),
        Mention("2", 28, 40, "Disease", "D2|D3"),
        Mention("3", 43, 47, "Disease", None),
    ]
    assert (first.counts.mentions.read, first.sentences) == (4, None)


@pytest.mark.parametrize(
    "infons",
    [
        {"entity1": "D1", "entity2": "D3", "type": "CID", "novel": "No"},
        {"role1": "Chemical|D1", "role2": "Disease|D3", "type": "CID", "score": "0.9"},
        {"relation": "CID", "Chemical": "D1", "Disease": "D3"},
        {"relation": "CID", "Chemical1": "D1", "Disease2": "D3"},
    ],
)
def test_relation_between_concepts_becomes_one_of_every_two_mentions(read, infons):
    # PubTator numbers what it scored as if these were annotations.
    (found,) = read(document(relation(("0", "0,1"), ("3", "1,0"), **infons)))
    assert found.relations == [Relation("0", "2", "CID"), Relation("1", "2", "CID")]
    assert (found.counts.relations.read, found.counts.relations.expanded) == (1, 1)


def test_concepts_of_an_export_are_objects(read_text):
    roles = {"role1": {"identifier": "D1", "type": "Chemical"}, "role2": {"identifier": "D2", "type": "Disease"}}
    (found,) = read_text(FORMS["export"](document(relation(type="Association", **roles))))
    assert found.relations == [Relation("0", "2", "Association"), Relation("1", "2", "Association")]


def test_relation_between_mentions(read):
    labelled = {"relation_type": "CID", "type": "Relation"}
    (found,) = read(
        document(relation(("3", "Arg2"), ("1", "Arg1"), **labelled), relation(("3", "a"), ("0", "b"), type="X"))
    )
    assert found.relations == [Relation("1", "3", "CID"), Relation("3", "0", "X")]
    assert found.counts.relations.read == 2


def test_what_is_no_pair_is_a_counted_drop(read):
    relations = [
        relation(("0", ""), ("1", ""), ("2", ""), type="X"),
        relation(("0", ""), ("R1", ""), type="X", number="R2"),
        relation(type="X", number="R3"),
        relation(type="X", number="R4", entity1="D1", entity2="D9"),
    ]
    (found,) = read(document(*relations))
    assert (found.relations, found.counts.relations.read) == ([], 4)
    assert found.counts.relations.dropped == {
        "not between two mentions or concepts": 3,
        "concept without a mention": 1,
    }


def test_sentences_are_those_of_the_corpus(read):
    parts = [
        {"offset": 0, "infons": {}, "text": TITLE, "annotations": [annotation(*MENTIONS[0])], "relations": []},
        {"offset": 14, "infons": {}, "text": ABSTRACT, "annotations": [], "relations": []},
    ]
    divided = {"offset": 0, "infons": {}, "sentences": parts, "annotations": [annotation(*MENTIONS[2])]}
    one = {"id": "21", "infons": {}, "passages": [divided], "relations": [relation(("0", ""), ("2", ""), type="X")]}
    (found,) = read(one)
    assert (found.text, found.sentences) == (f"{TITLE} {ABSTRACT}", [0, 14])
    assert {(mention.start, mention.end) for mention in found.mentions} == {(0, 6), (28, 40)}
    assert found.relations == [Relation("0", "2", "X")]


def test_gaps_between_passages_are_one_space(read):
    one = document()
    one["passages"][1] = passage(500, ABSTRACT, annotation("1", "Chemical", "D1", [(500, 6)], "Zorbin"))
    (found,) = read(one)
    assert found.text == f"{TITLE} {ABSTRACT}"
    assert (found.mentions[-1].start, found.mentions[-1].end) == (14, 20)


def test_discontinuous_mention_is_covered_as_a_whole_and_counted(read):
    (found,) = read(document(mentions=[("0", "Disease", "", [(21, 6), (43, 4)], "causes pain")]))
    assert found.mentions == [Mention("0", 21, 47, "Disease", None)]
    assert found.counts.mentions.changed == {"discontinuous, covered as a whole": 1}


def test_mention_without_a_place_is_a_counted_drop_with_its_relation(read):
    one = document(relation(("0", ""), ("9", ""), type="X"))
    one["passages"][0]["annotations"].append(annotation("9", "Disease", "D9", [], "pain"))
    (found,) = read(one)
    assert found.counts.mentions.dropped == {"without a place in the text": 1}
    assert found.counts.relations.dropped == {"its mention was dropped": 1}


def test_mismatch_can_be_dropped(read):
    wrong = [*MENTIONS[:2], ("2", "Disease", "D2", [(28, 12)], "sleepiness")]
    (found,) = read(document(relation(type="X", entity1="D1", entity2="D2"), mentions=wrong), on_mismatch="drop")
    assert [mention.id for mention in found.mentions] == ["0", "1"]
    assert found.counts.relations.dropped == {"its mention was dropped": 1}


def test_mismatch_is_an_error_that_names_the_document(read):
    with pytest.raises(BioreError, match=r"BR106.*c\.BioC.*document '21'.*'sleepiness'.*'β-drowsiness'"):
        read(document(mentions=[("2", "Disease", "D2", [(28, 12)], "sleepiness")]))


@pytest.mark.parametrize("offset", [-5, 400])
def test_offsets_outside_of_the_text(read, offset):
    with pytest.raises(BioreError, match=r"BR106.*document '21'"):
        read(document(mentions=[("2", "Disease", "D2", [(offset, 4)], "pain")]))


def test_bad_documents(read):
    twice, unnamed, untyped = document(), document(relation(("0", ""), ("7", ""), type="X")), document(relation())
    twice["passages"][1]["annotations"][0]["id"] = "0"
    for one, message in ((twice, "BR107.*'0'"), (unnamed, "BR109.*'7'"), (untyped, "BR118.*label of a relation")):
        with pytest.raises(BioreError, match=message):
            read(one)


def test_unknown_type_of_a_mention(read):
    one = document()
    del one["passages"][0]["annotations"][0]["infons"]["type"]
    with pytest.raises(BioreError, match=r"BR118.*document '21': the type of a mention is empty"):
        read(one)


def test_ids_of_annotations_and_roles_of_nodes_may_be_missing(read_text):
    one = document(relation(("T1", ""), ("T3", ""), type="X"))
    written = collection(one).replace(' role=""', "")
    for number in range(4):
        written = written.replace(f'<annotation id="{number}">', "<annotation>")
    (found,) = read_text(written)
    assert [mention.id for mention in found.mentions] == ["T1", "T2", "T3", "T4"]
    assert found.relations == [Relation("T1", "T3", "X")]


def test_empty_lists_may_be_missing(read_text):
    one = {"id": 7, "passages": [{"offset": 0, "text": TITLE, "annotations": [annotation(*MENTIONS[0])]}]}
    (found,) = read_text(json.dumps({"documents": [one]}))
    assert (found.id, len(found.mentions), found.relations) == ("7", 1, [])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "BR101"),
        ("<collection>", "BR158.*c.BioC: .*no element found"),
        ("<collection><document><passage/></document></collection>", "BR158.*a document has no id"),
        ("<collection><document><id>21</id><passage/></document></collection>", "BR158.*document '21'"),
        ("<document><id>21</id><passage><offset>x</offset></passage></document>", "BR158.*document '21'.*'x'"),
        ("{", "BR158.*c.BioC"),
        ("3", "BR158.*neither 'documents' nor 'passages'"),
        ('{"infons": {}}', "BR158.*neither 'documents' nor 'passages'"),
        ('{"id": "21", "passages": [{"text": "x"}]}', "BR158.*document '21': .*'offset' is missing"),
        ('{"id": "21", "passages": [3]}', "BR158.*document '21'.*'passages' has 3 in place of an object"),
        ('{"id": "21", "passages": [{"offset": "0"}]}', "BR158.*document '21'.*'offset' is '0'; .*a whole number"),
        ('{"id": "21", "passages": [{"offset": 0, "text": 3}]}', "BR158.*document '21'.*'text' is 3; .*a string"),
        ('{"id": "21", "passages": 3}', "BR158.*document '21'"),
        ('{"id": "21", "passages": []}\n{"id": ', r"BR158.*c\.BioC, line 2"),
    ],
)
def test_bad_files(read_text, text, message):
    with pytest.raises(BioreError, match=message):
        read_text(text)


def test_documents_of_xml_are_forgotten(tmp_path):
    path = tmp_path / "c.xml"
    path.write_text(collection(*(document(doc_id=str(number)) for number in range(3))))
    assert [found.id for found in read_bioc(Source("c", {"file": path}))] == ["0", "1", "2"]


def test_files_are_found_by_their_names(tmp_path):
    for name in ("Train.BioC.XML", "dev.json", "notes.txt"):
        (tmp_path / name).write_text("x")
    found = find_bioc(tmp_path)
    assert [source.name for source in found.sources] == ["train", "dev"]
    assert [path.name for path in found.skipped] == ["notes.txt"]


def test_a_missing_package_is_named(read_text, monkeypatch):
    monkeypatch.setitem(sys.modules, "bioc", None)
    with pytest.raises(BioreError, match=r"BR159.*pip install 'bioc"):
        read_text("<collection/>")
