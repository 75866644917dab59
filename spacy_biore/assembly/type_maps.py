"""Which entity type stands for which label of a recogniser: ready maps, and the choice among them."""

from collections.abc import Collection, Mapping

from ..errors import BioreError, Errors
from .type_mapper import TypeMap

# The labels of scispaCy's four recognisers. One has two spellings: hyphens became underscores in their training data
# except at the end of a sentence. Chemicals, genes and their products, diseases and species get one name; the others
# keep theirs.
READY_MAPS: dict[str, dict[str, str]] = {
    "en_ner_bc5cdr_md": {
        "CHEMICAL": "CHEMICAL",
        "DISEASE": "DISEASE",
    },
    "en_ner_bionlp13cg_md": {
        "AMINO_ACID": "CHEMICAL",
        "ANATOMICAL_SYSTEM": "ANATOMICAL_SYSTEM",
        "CANCER": "DISEASE",
        "CELL": "CELL",
        "CELLULAR_COMPONENT": "CELLULAR_COMPONENT",
        "DEVELOPING_ANATOMICAL_STRUCTURE": "DEVELOPING_ANATOMICAL_STRUCTURE",
        "GENE_OR_GENE_PRODUCT": "GENE",
        "IMMATERIAL_ANATOMICAL_ENTITY": "IMMATERIAL_ANATOMICAL_ENTITY",
        "MULTI-TISSUE_STRUCTURE": "MULTI-TISSUE_STRUCTURE",
        "MULTI_TISSUE_STRUCTURE": "MULTI_TISSUE_STRUCTURE",
        "ORGAN": "ORGAN",
        "ORGANISM": "SPECIES",
        "ORGANISM_SUBDIVISION": "ORGANISM_SUBDIVISION",
        "ORGANISM_SUBSTANCE": "ORGANISM_SUBSTANCE",
        "PATHOLOGICAL_FORMATION": "PATHOLOGICAL_FORMATION",
        "SIMPLE_CHEMICAL": "CHEMICAL",
        "TISSUE": "TISSUE",
    },
    "en_ner_craft_md": {
        "CHEBI": "CHEMICAL",
        "CL": "CL",
        "GGP": "GENE",
        "GO": "GO",
        "SO": "SO",
        "TAXON": "SPECIES",
    },
    "en_ner_jnlpba_md": {
        "CELL_LINE": "CELL_LINE",
        "CELL_TYPE": "CELL_TYPE",
        "DNA": "GENE",
        "PROTEIN": "GENE",
        "RNA": "GENE",
    },
}


def ready_map(labels: Collection[str], *, scheme: str | None = None) -> dict[str, str]:
    """Return the ready map of a scheme; without a name, those of all schemes that the labels show to be there.

    A scheme shows by the labels that it renames, all of them; one that renames none, by all that it has. No label
    belongs to two schemes.

    Raises:
        BioreError: BR604 if there is no such scheme.
    """
    if scheme is not None and scheme not in READY_MAPS:
        raise BioreError(Errors.BR604.format(scheme=scheme, known=", ".join(READY_MAPS)))
    fitting = [name for name, known in READY_MAPS.items() if _telling_labels(known) <= set(labels)]
    chosen = fitting if scheme is None else [scheme]
    return {label: new for name in chosen for label, new in READY_MAPS[name].items()}


def choose_types(
    labels: Collection[str] | None,
    wanted: Collection[str],
    *,
    given: Mapping[str, str | None],
    scheme: str | None = None,
) -> TypeMap:
    """Say what becomes of each label of a recogniser that anything is known of.

    Args:
        labels: The labels of the recogniser; None if they are not known.
        wanted: The entity types that relations take. A label that is one of them stays as it is.
        given: The user's own map; it comes before all else.
        scheme: Name of a ready map; None to choose by the labels.

    Returns:
        A type for each label that is covered, None to drop its entities. The labels that are left out stay as they are,
        and no relation takes them.

    Raises:
        BioreError: BR604 if there is no such scheme; BR615 if it has none of the labels.
    """
    ready = ready_map(labels or (), scheme=scheme)
    if scheme is not None and labels is not None and ready.keys().isdisjoint(labels):
        names = {"known": ", ".join(sorted(ready)), "labels": ", ".join(sorted(labels)) or "none"}
        raise BioreError(Errors.BR615.format(scheme=scheme, **names))
    present = ready.keys() if labels is None else labels
    kept = {label: label for label in present if label in wanted}
    known: TypeMap = {**{label: ready[label] for label in present if label in ready}, **kept, **given}
    return dict(sorted(known.items()))


def suggest_mapping(labels: Collection[str], missing: Collection[str]) -> str:
    """Return an example of a map to one of the missing types: as a ready map has it, or with placeholders."""
    known = {(label, new) for ready in READY_MAPS.values() for label, new in ready.items()}
    pairs = sorted((label, new) for label, new in known if label in labels and new in missing)
    label, new = pairs[0] if pairs else ("LABEL", "TYPE")
    return f"{label}={new}"


def _telling_labels(ready: Mapping[str, str]) -> set[str]:
    return {label for label, new in ready.items() if label != new} or set(ready)
