"""The table of counts that ``convert`` prints."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

from wasabi.tables import table

from ..formats import Counts, Flow
from ..formats.counts import FLOWS

SPLITS_A_TABLE = 6


def counts_tables(counts: Mapping[str, Counts], *, with_total: bool = False) -> Iterator[str]:
    """Yield tables with a column for each split, perhaps one for their sum, and no more columns than fit a screen."""
    columns = {**counts, "total": _total(counts.values())} if with_total else counts
    names = list(columns)
    for start in range(0, len(names), SPLITS_A_TABLE):
        part = names[start : start + SPLITS_A_TABLE]
        yield counts_table({name: columns[name] for name in part})


def counts_table(counts: Mapping[str, Counts]) -> str:
    """Return a table with a column for each split. In each block, read + expanded - dropped = written."""
    splits = list(counts.values())
    rows: list[tuple[str, ...]] = []
    for name in FLOWS:
        rows += _flow_rows(name, [getattr(split, name) for split in splits])
        if name == "relations":
            labels = sorted({label for split in splits for label in split.labels})
            rows += [_row(f"  {label}", [split.labels[label] for split in splits]) for label in labels]
            rows += [_row("  across sentences", [split.across_sentences for split in splits])]
    if any(split.negatives for split in splits):
        rows.append(_row("negative pairs read", [split.negatives for split in splits]))
    rows += [
        _row("sentences", [split.sentences for split in splits]),
        _row("sentence boundaries removed", [split.boundaries_removed for split in splits]),
        _row("tokens added by cutting", [split.tokens_cut for split in splits]),
    ]
    aligns: list[Literal["r", "c", "l"]] = ["l"]
    aligns += ["r" for _ in counts]
    return table(rows, header=("", *counts), divider=True, aligns=aligns, max_col=60)


def _total(parts: Iterable[Counts]) -> Counts:
    total = Counts()
    for part in parts:
        total.add(part)
    return total


def _flow_rows(name: str, flows: Sequence[Flow]) -> list[tuple[str, ...]]:
    rows = [_row(f"{name} read", [flow.read for flow in flows])]
    if any(flow.expanded for flow in flows):
        rows.append(_row(f"{name} expanded", [flow.expanded for flow in flows]))
    for what in ("dropped", "changed"):
        numbers = [getattr(flow, what) for flow in flows]
        for reason in sorted({reason for column in numbers for reason in column}):
            rows.append(_row(f"{name} {what}: {reason}", [column[reason] for column in numbers]))
    if any(flow.moved for flow in flows):
        rows.append(_row(f"{name} moved", [flow.moved for flow in flows]))
    return [*rows, _row(f"{name} written", [flow.written for flow in flows])]


def _row(name: str, numbers: Sequence[int]) -> tuple[str, ...]:
    return (name, *map(str, numbers))
