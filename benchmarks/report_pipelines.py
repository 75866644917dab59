"""The sections of the report on recognisers of entities, and on pipelines from text to relations."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from spacy_biore.analysis import EXCESSES, REASONS

from .markdown import table
from .records import Record

# Folders of result files.
PARTS = ("recognition", "end_to_end")
ALL_TYPES = "all"
SCORES = "P / R / F1"
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
    measured = [_corpus(record) for record in records.values()]
    corpora = dict.fromkeys([*known, *measured])
    intro = (
        "Only the text is given. An entity is right if its first and its last character and its type are\n"
        "(`spacy-biore.EntityScorer.v1`). Types are those that the corpus annotates, with the number of mentions;\n"
        "`all` adds up their counts.\n"
        f"{LEARNED_FROM}"
    )
    parts = ["## Entities", intro]
    for corpus in corpora:
        parts.append(f"### {corpus}")
        parts.append(
            "\n\n".join(_entity_tables([record for record in records.values() if _corpus(record) == corpus]))
            if corpus in measured
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
    scores = [_relation_line(record) for record in records.values()]
    return "\n\n".join(
        [
            *parts,
            table(["corpus", "pipeline", *(f"{view}: {SCORES}" for view in VIEWS.values()), "command"], scores),
            "Gold relations, and where those that were not found were lost:",
            table(["corpus", "pipeline", "entities", "gold", "found", *REASONS], lost),
            "Predicted relations, and what is wrong with those that are not gold:",
            table(["corpus", "pipeline", "entities", "predicted", "found", *EXCESSES], excess),
        ]
    )


def _entity_tables(records: Sequence[Record]) -> Iterator[str]:
    """Write a table for each set of mentions that was scored: a line a result, a column a type."""
    scored: dict[tuple[str, str], list[Record]] = {}
    for record in sorted(records, key=_model):
        scored.setdefault((record["corpus"], str(record["gold"])), []).append(record)
    for of_one in scored.values():
        gold = of_one[0]["gold"]
        types = dict.fromkeys([*gold, *(name for one in of_one for name in one["scores"]["ents_per_type"] or {})])
        counts = {**dict.fromkeys(types, 0), **gold, ALL_TYPES: sum(gold.values())}
        columns = [*types, *([ALL_TYPES] if len(types) != 1 else [])]
        headers = [f"{name} ({counts[name]}): {SCORES}" for name in columns]
        yield table(["pipeline", "part", *headers, "command"], [_entity_line(one, columns) for one in of_one])


def _entity_line(record: Record, types: Sequence[str]) -> list[str]:
    scores = record["scores"]
    by_type = {**(scores["ents_per_type"] or {}), ALL_TYPES: {name: scores[f"ents_{name}"] for name in "prf"}}
    cells = [_prf(by_type.get(name, {})) for name in types]
    return [_model(record), record["corpus"].split("/")[1], *cells, f"`{record['command']}`"]


def _relation_line(record: Record) -> list[str]:
    cells = [_prf({name: record[key][f"rel_micro_{name}"] for name in "prf"}) for key in VIEWS]
    return [record["corpus"], _model(record), *cells, f"`{record['command']}`"]


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


def _prf(values: Mapping[str, float | None]) -> str:
    return " / ".join("-" if (value := values.get(name)) is None else f"{100 * value:.1f}" for name in "prf")
