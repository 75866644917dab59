"""Docs with a single pair of mentions each: the instances that some published protocols divide."""

from collections.abc import Iterator, Sequence

from spacy.language import Language
from spacy.tokens import Doc, Span

from ..candidates import to_mention
from ..checks import observed_schema
from ..evaluation import get_extractors, joint_schema
from ..readers import with_gold_entities
from ..relations import DOC_ID_KEY, GROUP_KEY, get_doc_id, get_group, get_records, set_records
from ..targets import MentionKey, candidate_keys, mention_key

Pair = tuple[MentionKey, MentionKey]


def single_pairs(docs: Sequence[Doc], nlp: Language) -> Iterator[Doc]:
    """Yield a Doc for every pair of mentions that is a candidate or has a gold relation, with that pair alone.

    Both orders of a pair are one instance. A Doc without pairs has no instances.

    Args:
        docs: Docs with gold relations.
        nlp: A pipeline whose relation extractors say what a candidate is; they need not be initialized.

    Raises:
        BioreError: BR301 if there is no relation extractor; BR011 for a Doc without sentences where they are needed.
    """
    extractors = get_extractors(nlp).values()
    schema = joint_schema(extractors)
    schema = schema if len(schema) else observed_schema(docs)
    for doc in docs:
        candidates = [key for extractor in extractors for key in candidate_keys(extractor.generate(doc, schema))]
        gold = [(mention_key(record["head"]), mention_key(record["tail"])) for record in get_records(doc)]
        for number, pair in enumerate(dict.fromkeys(map(_ordered, [*candidates, *gold]))):
            yield _with_pair(doc, pair, nlp, f"{get_doc_id(doc)}:{number}")


def _ordered(pair: Pair) -> Pair:
    return min(pair), max(pair)


def _with_pair(reference: Doc, pair: Pair, nlp: Language, doc_id: str) -> Doc:
    doc = with_gold_entities(nlp, reference)
    doc.set_ents([span for span in doc.ents if _key(span) in pair])
    for name, group in reference.spans.items():
        doc.spans[name] = [span for span in doc.spans[name] if _key(span) in pair] if len(group) else []
    records = get_records(reference)
    set_records(doc, [r for r in records if _ordered((mention_key(r["head"]), mention_key(r["tail"]))) == pair])
    doc.user_data.update({DOC_ID_KEY: doc_id, GROUP_KEY: get_group(reference)})
    return doc


def _key(span: Span) -> MentionKey:
    return mention_key(to_mention(span))
