"""The ready maps, and which of them is taken for a recogniser."""

import pytest

from spacy_biore.assembly.type_maps import READY_MAPS, choose_types, ready_map
from spacy_biore.errors import BioreError

BIONLP = READY_MAPS["en_ner_bionlp13cg_md"]
JNLPBA = READY_MAPS["en_ner_jnlpba_md"]
CRAFT = READY_MAPS["en_ner_craft_md"]


def test_ready_maps_cover_all_labels_of_scispacys_recognisers():
    numbers = {name: len(labels) for name, labels in READY_MAPS.items()}
    # One of the 16 labels of BioNLP13CG has two spellings.
    assert numbers == {"en_ner_bc5cdr_md": 2, "en_ner_bionlp13cg_md": 17, "en_ner_craft_md": 6, "en_ner_jnlpba_md": 5}


def test_no_label_belongs_to_two_ready_maps():
    assert sum(map(len, READY_MAPS.values())) == len(set().union(*READY_MAPS.values()))


@pytest.mark.parametrize("scheme", READY_MAPS)
def test_scheme_is_known_by_its_labels(scheme: str):
    assert ready_map(READY_MAPS[scheme].keys()) == READY_MAPS[scheme] == ready_map([], scheme=scheme)


def test_labels_that_are_not_renamed_need_not_be_there():
    labels = [label for label, new in BIONLP.items() if label != new]
    assert ready_map([*labels, "ORGAN"]) == BIONLP


def test_a_few_labels_of_a_scheme_are_not_that_scheme():
    assert ready_map(["PROTEIN", "DNA", "PERSON"]) == {}


def test_two_recognisers_in_one_pipeline():
    assert ready_map([*JNLPBA, *CRAFT, "MINE"]) == {**JNLPBA, **CRAFT}


def test_unknown_scheme_is_an_error():
    with pytest.raises(BioreError, match=r"BR604.*en_ner_craft_md"):
        ready_map([], scheme="en_ner_mine_md")


def test_labels_get_the_types_of_the_scheme():
    types = choose_types(BIONLP, ["CHEMICAL", "GENE"], given={})
    assert types == dict(sorted(BIONLP.items()))
    assert (types["SIMPLE_CHEMICAL"], types["GENE_OR_GENE_PRODUCT"], types["CANCER"]) == ("CHEMICAL", "GENE", "DISEASE")


def test_label_that_relations_take_stays():
    types = choose_types(JNLPBA, ["PROTEIN"], given={})
    assert (types["PROTEIN"], types["DNA"]) == ("PROTEIN", "GENE")


def test_own_map_comes_before_all_else():
    types = choose_types(JNLPBA, ["PROTEIN", "GENE"], given={"PROTEIN": "GENE", "RNA": None, "DNA": "REGION"})
    assert (types["PROTEIN"], types["RNA"], types["DNA"]) == ("GENE", None, "REGION")


def test_scheme_by_name_takes_only_labels_that_there_are():
    assert choose_types(["DNA", "PERSON"], ["GENE"], given={}, scheme="en_ner_jnlpba_md") == {"DNA": "GENE"}


@pytest.mark.parametrize("labels", [["PERSON", "GENE"], []])
def test_scheme_that_fits_no_label_is_an_error(labels: list[str]):
    with pytest.raises(BioreError, match=r"BR615.*'en_ner_jnlpba_md'.*DNA.*has (GENE, PERSON|none)\."):
        choose_types(labels, ["GENE"], given={}, scheme="en_ner_jnlpba_md")


def test_scheme_by_name_where_the_labels_are_not_known():
    assert choose_types(None, ["GENE"], given={}, scheme="en_ner_jnlpba_md") == JNLPBA
    assert choose_types(None, ["GENE"], given={"X": "GENE"}) == {"X": "GENE"}


def test_labels_that_nothing_is_known_of_are_left_out():
    assert choose_types(["PERSON", "GENE"], ["GENE"], given={}) == {"GENE": "GENE"}
