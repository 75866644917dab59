"""What makes two corpora the same to a run."""

import pytest
from spacy.tokens import DocBin
from spacy.util import load_config

from spacy_biore.crossval.identity import identify, identify_folders
from spacy_biore.relations import DOC_ID_KEY, GROUP_KEY, LENGTH_KEY, RELATIONS_KEY


@pytest.fixture
def digest(config_path, sentence, save):
    """A function that changes the first doc of a corpus, saves it and returns its digest."""

    def save_changed(change=lambda doc: None):
        docs = [sentence("a", number) for number in range(2)]
        change(docs[0])
        path = save("corpus.spacy", docs)
        return identify(load_config(config_path), [path])["corpus.corpus.spacy"]

    return save_changed


@pytest.mark.parametrize(
    "change",
    [
        lambda doc: doc.user_data.pop(LENGTH_KEY, None),
        lambda doc: doc.user_data.update({("._.", "note", 0, 4): "of somebody else"}),
    ],
    ids=["length", "other data"],
)
def test_what_is_not_learned_from_does_not_count(digest, change):
    assert digest(change) == digest()


@pytest.mark.parametrize(
    "change",
    [
        lambda doc: doc.user_data.update({DOC_ID_KEY: "another"}),
        lambda doc: doc.user_data.update({GROUP_KEY: "another"}),
        lambda doc: doc.user_data[RELATIONS_KEY][0].update(label="ACTIVATES"),
        lambda doc: doc.set_ents([]),
        lambda doc: doc.spans.update({"entities": []}),
        lambda doc: setattr(doc[1], "is_sent_start", True),
        lambda doc: setattr(doc[1], "tag_", "VB"),
    ],
    ids=["id", "article", "label", "entities", "span group", "sentences", "tag"],
)
def test_what_is_learned_from_counts(digest, change):
    assert digest(change) != digest()


def test_a_corpus_without_relations_has_its_own_digest(config_path, sentence, tmp_path):
    path, digests = tmp_path / "corpus.spacy", set()
    for number in range(2):
        DocBin(docs=[sentence("a", number)]).to_disk(path)
        digests.add(identify(load_config(config_path), [path])["corpus.corpus.spacy"])
    assert len(digests) == 2


def test_a_file_that_is_no_corpus_is_named(config_path, tmp_path):
    path = tmp_path / "corpus.spacy"
    path.write_bytes(b"broken")
    with pytest.raises(ValueError, match="BR305.*corpus.spacy"):
        identify(load_config(config_path), [path])


def test_files_of_one_name_can_not_be_told_apart(config_path, sentence, save, tmp_path):
    paths = [save(f"{name}/data.spacy", [sentence("a", 0)]) for name in ("one", "two")]
    with pytest.raises(ValueError, match=r"BR508.*data\.spacy"):
        identify(load_config(config_path), paths)


def test_what_is_in_the_folders_that_a_config_names_counts(config_path, tmp_path, monkeypatch):
    config = load_config(config_path)
    encoder = tmp_path / "encoder"
    encoder.mkdir()
    config["components"]["relation_extractor"]["model"]["encoder"] = str(encoder)
    config["initialize"] = {"vectors": "a_package"}
    monkeypatch.chdir(tmp_path)
    (tmp_path / config["components"]["relation_extractor"]["model"].get("cls", "raw")).mkdir()
    digests = []
    for weights in ("one", "two", "one"):
        (encoder / "weights").write_text(weights)
        digests.append(identify_folders(config))
    assert digests[0] == digests[2] != digests[1]
    assert list(digests[0]) == ["folder.config.components.relation_extractor.model.encoder"]
