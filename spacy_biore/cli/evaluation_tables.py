"""The tables that ``evaluate`` prints."""

from collections.abc import Iterator, Sequence
from typing import Literal

from spacy.scorer import PRFScore
from wasabi import tables

from ..analysis import EXCESSES, REASONS
from ..evaluation import Evaluation
from ..scorer import Macro

NONE = "none"
Row = tuple[str, ...]


def evaluation_tables(result: Evaluation) -> Iterator[tuple[str, str]]:
    """Yield the title and the text of each table."""
    yield "Corpus", make_table([], _corpus_rows(result))
    yield "Scores", make_table(["", "P", "R", "F", "gold", "predicted"], _score_rows(result))
    yield "Confusion (rows: gold, columns: predicted)", make_table(["", *result.labels, NONE], _confusion_rows(result))
    yield "Gold relations", make_table([], _loss_rows(result))


def _corpus_rows(result: Evaluation) -> list[Row]:
    misfits = result.candidate_pairs - result.scored_pairs
    return [
        ("documents", str(result.documents)),
        ("gold relations", str(result.gold)),
        ("predicted relations", str(result.found + result.spurious)),
        ("candidate pairs", str(result.candidate_pairs)),
        *([("- outside the window", str(misfits))] if misfits else []),
    ]


def _score_rows(result: Evaluation) -> list[Row]:
    tally = result.tally
    support = str(result.gold), str(result.found + result.spurious)
    return [
        ("micro", *_percents(tally.micro, scored=tally.has_gold), *support),
        ("macro", *_percents(tally.macro, scored=tally.has_gold), *support),
        *(
            (label, *_percents(score, scored=len(score) > 0), str(score.tp + score.fn), str(score.tp + score.fp))
            for label, score in tally.per_type.items()
        ),
    ]


def _confusion_rows(result: Evaluation) -> list[Row]:
    labels: list[str | None] = [*result.labels, None]
    return [
        (
            gold or NONE,
            *("-" if gold is predicted is None else str(result.confusions[gold, predicted]) for predicted in labels),
        )
        for gold in labels
    ]


def _loss_rows(result: Evaluation) -> list[Row]:
    lost = [(reason, result.lost[reason]) for reason in REASONS if result.lost[reason]]
    excess = [(f"- {kind}", str(result.excess[kind]), "") for kind in EXCESSES if result.excess[kind]]
    return [
        _share("gold", result.gold, result.gold),
        _share("found", result.found, result.gold),
        _share("lost", result.gold - result.found, result.gold),
        *(_share(f"- {reason}", count, result.gold) for reason, count in lost),
        ("spurious", str(result.spurious), ""),
        *excess,
    ]


def _share(name: str, count: int, total: int) -> Row:
    return name, str(count), f"{percent(count / total)} %" if total else ""


def _percents(score: PRFScore | Macro, *, scored: bool) -> Row:
    if not scored:
        return "-", "-", "-"
    return percent(score.precision), percent(score.recall), percent(score.fscore)


def percent(value: float) -> str:
    """Write a fraction as a percentage, without the sign."""
    return f"{value * 100:.1f}"


def make_table(header: Sequence[str], rows: Sequence[Row]) -> str:
    """Return a table whose first column is aligned to the left and the others to the right."""
    aligns: list[Literal["l", "r"]] = ["l" if column == 0 else "r" for column in range(len(rows[0]))]
    text = tables.table(rows, header=header or None, divider=bool(header), aligns=aligns)
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines())
