"""The sections of the report on recognisers of entities, and on pipelines from text to relations."""

from collections.abc import Iterator, Sequence
from typing import Any

from spacy_biore.analysis import EXCESSES, REASONS

from .markdown import table
from .records import Record

# Folders of result files.
PARTS = ("recognition", "end_to_end")
ALL_TYPES = "all"
VIEWS = {"scores": "given gold entities", "end_to_end": "from text"}
RECOGNITION_COMMAND = (
    "`python -m benchmarks.recognition MODEL corpus/{corpus}/test.spacy "
    "--output benchmarks/results/recognition/NAME.json`"
)
END_TO_END_COMMAND = (
    "`python -m benchmarks.accuracy MODEL corpus/chemprot/test.spacy --end-to-end "
    "--output benchmarks/results/end_to_end/NAME.json`"
)

LEARNED_FROM = (
    "What each pipeline learned from is in [recognition.md](recognition.md#what-was-trained): some from the\n"
    "development parts too, none from a test part."
)

Table = list[list[str]]


def recognition_section(records: dict[str, Record], published: dict[str, Any]) -> str:
    """Write the tables of entities, one a corpus, ours before the published ones.

    Args:
        records: Results of ``benchmarks.recognition``.
        published: What ``published.yml`` holds.
    """
    known = published["recognition"]
    corpora = dict.fromkeys([*known, *(_corpus(record) for record in records.values())])
    intro = (
        "Only the text is given. An entity is right if its first and its last character and its type are\n"
        "(`spacy-biore.EntityScorer.v1`). Types are those that the corpus annotates; `all` adds up their counts.\n"
        f"{LEARNED_FROM}"
    )
    parts = ["## Entities", intro]
    for corpus in corpora:
        lines = [line for record in records.values() if _corpus(record) == corpus for line in _entity_lines(record)]
        parts.append(f"### {corpus}")
        parts.append(
            table(["pipeline", "part", "type", "gold", "P", "R", "F1", "command"], lines)
            if lines
            else f"Not run: {RECOGNITION_COMMAND.format(corpus=corpus)}"
        )
        if known.get(corpus):
            parts += ["Published:", table(["model", "type", "F1", "source"], _published(published, corpus))]
            parts.append(published["recognition_notes"].get(corpus, ""))
    return "\n\n".join(part for part in parts if part)


def end_to_end_section(records: dict[str, Record]) -> str:
    """Write the tables of relations from text, and of what was lost and found too much.

    Args:
        records: Results of ``benchmarks.accuracy --end-to-end``.
    """
    intro = (
        "The same pipeline twice: its relation extractor given the gold entities, and the whole of it given the text,\n"
        "where both mentions' boundaries and types must be right too. All gold relations of the corpus count.\n"
        "For the reasons and faults, see [evaluation.md](evaluation.md#where-gold-relations-were-lost).\n"
        f"{LEARNED_FROM}"
    )
    parts = ["## From text to relations", intro]
    if not records:
        return "\n\n".join([*parts, f"Not run: {END_TO_END_COMMAND}"])
    lost = _breakdown(records, "lost", REASONS, totals=("gold", "found"))
    excess = _breakdown(records, "excess", EXCESSES, totals=("predicted", "found"))
    scores = [line for record in records.values() for line in _relation_lines(record)]
    return "\n\n".join(
        [
            *parts,
            table(["corpus", "pipeline", "entities", "P", "R", "F1", "command"], scores),
            "Gold relations, and where those that were not found were lost:",
            table(["corpus", "pipeline", "entities", "gold", "found", *REASONS], lost),
            "Predicted relations, and what is wrong with those that are not gold:",
            table(["corpus", "pipeline", "entities", "predicted", "found", *EXCESSES], excess),
        ]
    )


def _entity_lines(record: Record) -> Iterator[list[str]]:
    scores, gold = record["scores"], record["gold"]
    by_type = {**(scores["ents_per_type"] or {}), ALL_TYPES: {name: scores[f"ents_{name}"] for name in "prf"}}
    counts = {**gold, ALL_TYPES: sum(gold.values())}
    part = record["corpus"].split("/")[1]
    for name, values in by_type.items():
        yield [_model(record), part, name, str(counts.get(name, 0)), *_prf(values), f"`{record['command']}`"]


def _relation_lines(record: Record) -> Iterator[list[str]]:
    for key, view in VIEWS.items():
        values = {name: record[key][f"rel_micro_{name}"] for name in "prf"}
        yield [*_start(record, view), *_prf(values), f"`{record['command']}`"]


def _breakdown(records: dict[str, Record], kind: str, names: Sequence[str], *, totals: Sequence[str]) -> Table:
    return [
        [
            *_start(record, view),
            *(str(record[key][total]) for total in totals),
            *(str(record[key][kind][n]) for n in names),
        ]
        for record in records.values()
        for key, view in VIEWS.items()
    ]


def _published(published: dict[str, Any], corpus: str) -> Table:
    return [
        [entry["model"], name, str(f), published["sources"][entry["source"]]]
        for entry in published["recognition"][corpus]
        for name, f in entry["scores"].items()
    ]


def _start(record: Record, view: str) -> list[str]:
    return [record["corpus"], _model(record), view]


def _model(record: Record) -> str:
    return f"`{record['settings']['model']}`"


def _corpus(record: Record) -> str:
    return record["corpus"].split("/")[0]


def _prf(values: dict[str, float | None]) -> list[str]:
    return ["-" if (value := values[name]) is None else f"{100 * value:.1f}" for name in "prf"]
