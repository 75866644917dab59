"""The pipeline component ``entity_type_mapper``: from a recogniser's labels to the types of a relation schema."""

from collections.abc import Iterable, Sequence

from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup

from ..errors import BioreError, Errors

TypeMap = dict[str, str | None]


class EntityTypeMapper:
    """Renames entities, or drops them. What else is known of an entity stays: its ids and its extension attributes.

    Args:
        name: Name of the component in the pipeline.
        types: Pairs of a recogniser's label and the type in its place; None drops such entities. Others stay.
        spans_keys: Span groups to map besides ``doc.ents``.

    Raises:
        BioreError: BR603 if a label stands in ``types`` twice, or a name is empty.
    """

    def __init__(
        self,
        name: str = "entity_type_mapper",
        *,
        types: Iterable[Sequence[str | None]] = (),
        spans_keys: Sequence[str] = (),
    ) -> None:
        self.name = name
        self.types = _as_map(types)
        self.spans_keys = tuple(spans_keys)

    def __call__(self, doc: Doc) -> Doc:
        """Map the entities of a Doc, in place."""
        old = [span for span in doc.ents if span.label_ in self.types]
        if old:
            dropped = [span for span in old if self.types[span.label_] is None]
            # Tokens outside of these entities keep what is known of them, also that nothing is known.
            doc.set_ents(self._map(doc, old), outside=dropped, default="unmodified")
        for key in self.spans_keys:
            if key in doc.spans:
                self._map_group(doc, key)
        return doc

    def map_labels(self, labels: Iterable[str]) -> set[str]:
        """Return the types that entities with some labels have afterwards."""
        return {new for label in labels if (new := self.types.get(label, label)) is not None}

    def _map(self, doc: Doc, spans: Iterable[Span]) -> list[Span]:
        return [
            Span(doc, span.start, span.end, label=new, kb_id=span.kb_id, span_id=span.id)
            for span in spans
            if (new := self.types.get(span.label_, span.label_)) is not None
        ]

    def _map_group(self, doc: Doc, key: str) -> None:
        group = doc.spans[key]
        spans = self._map(doc, group)
        # Attributes may hold one value a span, as spancat's scores do.
        attrs = dict(group.attrs) if len(spans) == len(group) else {}
        doc.spans[key] = SpanGroup(doc, name=group.name, attrs=attrs, spans=spans)


@Language.factory(
    "entity_type_mapper",
    requires=["doc.ents"],
    assigns=["doc.ents"],
    default_config={"types": [], "spans_keys": []},
)
def make_entity_type_mapper(
    nlp: Language, name: str, types: list[list[str | None]], spans_keys: list[str]
) -> EntityTypeMapper:
    """Make an entity type mapper; see ``EntityTypeMapper`` for the settings.

    The map is a list of pairs, because a config can't hold labels with a colon or an equals sign as keys.
    """
    return EntityTypeMapper(name, types=types, spans_keys=spans_keys)


def _as_map(pairs: Iterable[Sequence[str | None]]) -> TypeMap:
    types: TypeMap = {}
    for pair in pairs:
        if len(pair) != 2 or not pair[0] or pair[1] == "" or pair[0] in types:
            raise BioreError(Errors.BR603.format(where="types", problem=f"wrong or repeated entry {list(pair)!r}"))
        types[pair[0]] = pair[1]
    return types
