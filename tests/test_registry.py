"""Every name that the package publishes resolves, is well formed, and is all that it registers."""

import re
from importlib.metadata import EntryPoint, distribution

import pytest
import spacy

PUBLISHED = [entry for entry in distribution("spacy-biore").entry_points if entry.group.startswith("spacy_")]
FACTORIES = [entry for entry in PUBLISHED if entry.group == "spacy_factories"]
LOOKED_UP = [entry for entry in PUBLISHED if entry.group != "spacy_factories"]
VERSIONED = [entry for entry in LOOKED_UP if entry.group != "spacy_cli"]


def registry_name(entry: EntryPoint) -> str:
    return entry.group.removeprefix("spacy_")


@pytest.mark.parametrize("entry", LOOKED_UP, ids=lambda entry: entry.name)
def test_published_name_resolves_to_its_function(entry: EntryPoint):
    found = getattr(spacy.registry, registry_name(entry)).get(entry.name)
    assert callable(found)
    assert found is entry.load()


@pytest.mark.parametrize("entry", FACTORIES, ids=lambda entry: entry.name)
def test_published_factory_belongs_to_every_pipeline(entry: EntryPoint):
    assert spacy.blank("xx").has_factory(entry.name)
    assert callable(entry.load())


@pytest.mark.parametrize("entry", VERSIONED, ids=lambda entry: entry.name)
def test_published_name_is_versioned(entry: EntryPoint):
    assert re.fullmatch(r"spacy-biore\.[A-Z][A-Za-z0-9]*\.v[1-9][0-9]*", entry.name)


@pytest.mark.parametrize("registry", sorted({registry_name(entry) for entry in VERSIONED}))
def test_nothing_is_registered_without_being_published(registry: str):
    registered = {name for name in getattr(spacy.registry, registry).get_all() if name.startswith("spacy-biore.")}
    assert registered == {entry.name for entry in VERSIONED if registry_name(entry) == registry}


def test_names_are_published_in_every_registry_that_a_config_needs():
    published = {registry_name(entry) for entry in PUBLISHED}
    assert published >= {"factories", "architectures", "misc", "readers", "batchers", "scorers", "cli"}
