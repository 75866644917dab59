"""The page of accuracy: all runs of a grid beside published results, comparisons, charts; recognisers; pipelines."""

import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import srsly

from .grid import Comparison, Grid, Run
from .markdown import table
from .records import (
    Record,
    Scores,
    article_counts,
    count_encoders,
    learned,
    occasion,
    read_records,
    scores_on_dev,
    scores_on_test,
    seconds,
    unscored,
)
from .report_charts import charts
from .report_pipelines import PARTS, end_to_end_section, recognition_section
from .significance import p_value

PUBLISHED = Path(__file__).with_name("published.yml")
NOT_RUN = "not run"


class Row(NamedTuple):
    """A model on a corpus: its runs, one a seed, and the results of those that were run."""

    corpus: str
    name: str
    runs: list[Run]
    records: dict[int, Record]


def render(grid: Grid, records: dict[str, Record], page: Path, *, pipelines: Path) -> dict[Path, str]:
    """Return the text of the page and of its charts, which lie in a folder of its name beside it.

    Args:
        grid: The grid; its order is that of the rows.
        records: The results of its runs, by their names.
        page: Where the page is to be.
        pipelines: Folder with a folder of result files for each of ``PARTS``.
    """
    published = srsly.read_yaml(PUBLISHED)
    recognition, end_to_end = (read_records(pipelines / part) for part in PARTS)
    rows = group_rows(grid, records)
    drawn = charts(grid, rows)
    files = {page.with_suffix("") / f"{name}.svg": text for name, text in drawn.items()}
    texts = [
        _introduction(grid),
        *(_corpus_section(grid, corpus, rows, published) for corpus in grid.corpora),
        _comparison_section(grid, rows),
        _chart_section(page, list(drawn)),
        recognition_section(recognition, published),
        end_to_end_section(end_to_end),
        _machine_section(grid, records, [*recognition.values(), *end_to_end.values()]),
    ]
    return {page: "\n\n".join(text for text in texts if text) + "\n", **files}


def group_rows(grid: Grid, records: dict[str, Record]) -> list[Row]:
    """Return the rows in the order of the grid."""
    rows: dict[tuple[str, str], Row] = {}
    for run in grid.runs:
        row = rows.setdefault((run.corpus, run.row), Row(run.corpus, run.row, [], {}))
        row.runs.append(run)
        if run.name in records:
            row.records[run.seed] = records[run.name]
    return list(rows.values())


def compare(before: Row, after: Row) -> tuple[float, float | None] | None:
    """Return the gain in mean F and its p-value, over the seeds that both rows learned with; None without such."""
    seeds = sorted(before.records.keys() & after.records.keys())
    both = [(before.records[seed], after.records[seed]) for seed in seeds]
    pairs = [pair for pair in both if all(map(learned, pair))]
    scores = [[scores_on_test(record) for record in pair] for pair in pairs]
    gains = [new.f - old.f for old, new in scores if old and new]
    if not gains:
        return None
    counts = [article_counts(pair[side] for pair in pairs) for side in (0, 1)]
    return statistics.mean(gains), p_value(*counts)


def _introduction(grid: Grid) -> str:
    return f"""# Accuracy: against the paper, of recognisers, from text to relations

Made by `python -m benchmarks.paper report {grid.path}` from the results in `benchmarks/results/`;
not to be edited by hand. First the runs of the grid [{grid.path}](../{grid.path}), then [entities](#entities), then
[relations from text](#from-text-to-relations). Each row names the command that runs it; rows of the grid
without a result stand under each table, and *seeds* shows how many of a row's seeds were run.

- Scores of the grid are percentages on the test part, given gold entities: precision, recall and F1, micro-averaged
  over the labels. On folds they are means over the folds. With several seeds they are means over the seeds, with the
  least and the greatest F1.
- *F1 tuned* is with the threshold that is best on the development part; all other columns are with the natural one.
- Published relations are those of encoders with about 110 million parameters, unless the row says otherwise. Published
  results are shown as published: nothing of them was run here, and protocols differ in what the notes under each table
  say."""


def _corpus_section(grid: Grid, corpus: str, rows: Sequence[Row], published: dict[str, Any]) -> str:
    title, caveat = (grid.corpora[corpus].get(key) for key in ("title", "caveat"))
    header = ["encoder", "adaptation", "pooling", "settings", "seeds", "dev F1", "P", "R", "F1", "F1 tuned", "command"]
    lines = [_our_line(grid, row) for row in rows if row.corpus == corpus and row.records]
    parts = [
        f"## {title or corpus}",
        *([table(header, lines)] if lines else []),
        *_missing_note(grid, corpus, rows),
        *_unscored_note(corpus, rows),
        *_unlearned_note(corpus, rows),
    ]
    if known := _published(published, corpus):
        parts += ["Published:", table(["model", "P", "R", "F1", "source"], known)]
    return "\n\n".join([*parts, *([caveat.strip()] if caveat else [])])


def _missing_note(grid: Grid, corpus: str, rows: Sequence[Row]) -> list[str]:
    """Return the rows without results, if there are any, and the command that runs one."""
    names = [f"`{row.name}` ({len(row.runs)})" for row in rows if row.corpus == corpus and not row.records]
    return [f"Not run (seeds): {', '.join(names)}; with {_command(grid, corpus, 'ROW')}."] if names else []


def _unscored_note(corpus: str, rows: Sequence[Row]) -> list[str]:
    """Return a line for each run that has test parts without a gold relation."""
    runs = [(run, row.records.get(run.seed)) for row in rows if row.corpus == corpus for run in row.runs]
    lines = [f"- `{run.name}`: {', '.join(parts)}" for run, record in runs if record and (parts := unscored(record))]
    return ["\n".join(["No gold relations to score, and so in none of the means:", "", *lines])] if lines else []


def _unlearned_note(corpus: str, rows: Sequence[Row]) -> list[str]:
    """Return a line for each run that was best before its first update."""
    runs = [(run, row.records.get(run.seed)) for row in rows if row.corpus == corpus for run in row.runs]
    lines = [f"- `{run.name}`" for run, record in runs if record and not learned(record)]
    note = (
        "Did not learn: on the development part (of a fold) no model was better than that before the first update, "
        "which was kept."
    )
    note += " In the means above, but in none of the [gains](#gains):"
    return ["\n".join([note, "", *lines])] if lines else []


def _our_line(grid: Grid, row: Row) -> list[str]:
    first = row.runs[0]
    axes = [first.encoder, first.adaptation, first.pooling, first.settings]
    records = list(row.records.values())
    seeds = f"{len(records)} of {len(row.runs)}"
    if (encoders := count_encoders(records)) > 1:
        seeds += f", **of {encoders} encoders**"
    tests = [score for score in map(scores_on_test, records) if score]
    tuned = [score for score in (scores_on_test(record, tuned=True) for record in records) if score]
    dev = [score for score in map(scores_on_dev, records) if score]
    p, r = (_mean([score[i] for score in tests]) for i in (0, 1))
    return [
        *axes,
        seeds,
        _f(dev),
        p,
        r,
        f"**{_f(tests)}**" if tests else "-",
        _f(tuned),
        _command(grid, row.corpus, row.name),
    ]


def _command(grid: Grid, corpus: str, row: str) -> str:
    return f"`python -m benchmarks.paper run {grid.path} --only '{corpus}.{row}.*'`"


def _mean(values: Sequence[float]) -> str:
    return f"{statistics.mean(values):.1f}" if values else "-"


def _f(scores: Sequence[Scores]) -> str:
    """Return the mean F, with its range where there are several."""
    values = [score.f for score in scores]
    spread = f" ({min(values):.1f}-{max(values):.1f})" if len(values) > 1 else ""
    return _mean(values) + spread


def _published(data: dict[str, Any], corpus: str) -> list[list[str]]:
    lines = []
    for entry in data["results"]:
        if corpus in entry["scores"]:
            scores = entry["scores"][corpus]
            p, r, f = scores if isinstance(scores, list) else ("", "", scores)
            lines.append([entry["model"], str(p), str(r), str(f), data["sources"][entry["source"]]])
    return lines


def _comparison_section(grid: Grid, rows: Sequence[Row]) -> str:
    lines = [line for comparison in grid.comparisons for line in _comparison_lines(grid, comparison, rows)]
    note = (
        "F1 after less F1 before, over the seeds that both were run and learned with. *p* is two-sided, by\n"
        "approximate randomisation over the articles of the test set (`scipy.stats.permutation_test`), of the\n"
        "micro-averaged F1 of all pairs; those of folds are pooled, article by article. The paper's two techniques\n"
        "together gain 2.1 over the plain model, averaged over ChemProt, DDI and AIMed; its AIMed folds are those by\n"
        "instance.\n"
        "Rows that were trained for less than `default` may favour what learns fast over plain `[CLS]`."
    )
    header = ["what", "from", "to", "corpus", "gain", "p"]
    return f"## Gains\n\n{table(header, lines)}\n\n{note}" if lines else ""


def _comparison_lines(grid: Grid, comparison: Comparison, rows: Sequence[Row]) -> Iterator[list[str]]:
    found = {(row.corpus, row.name): row for row in rows}
    gains: dict[str, float] = {}
    for corpus in grid.corpora:
        start = [comparison.title, *comparison.rows_of(corpus)]
        before, after = (found.get((corpus, name)) for name in start[1:])
        if before and after:
            gain = compare(before, after)
            if gain is None:
                yield [*start, corpus, NOT_RUN, ""]
            else:
                gains[corpus] = gain[0]
                yield [*start, corpus, f"{gain[0]:+.1f}", _p(gain[1])]
    compared = list(comparison.settings or grid.compared)
    values = [gains[corpus] for corpus in compared if corpus in gains]
    if len(values) == len(compared) > 1:
        mean = f"**{statistics.mean(values):+.1f}**"
        yield [comparison.title, comparison.before, comparison.after, f"mean of {', '.join(compared)}", mean, ""]


def _p(value: float | None) -> str:
    return "-" if value is None else "< 0.001" if value < 0.001 else f"{value:.3f}"


def _chart_section(page: Path, names: Sequence[str]) -> str:
    images = [f"![{name}]({page.stem}/{name}.svg)" for name in names]
    note = "Whiskers reach from the least to the greatest value of the seeds."
    return "\n\n".join(["## Charts", note, *images]) if images else ""


def _machine_section(grid: Grid, records: dict[str, Record], others: Sequence[Record]) -> str:
    known = [records[run.name] for run in grid.runs if run.name in records]
    lines = dict.fromkeys(map(occasion, [*known, *others]))
    if not lines:
        return ""
    hours = sum(map(seconds, known)) / 3600
    count = f"{len(known)} of {len(grid.runs)} runs, {hours:.1f} hours. Date, commit and load are in each result file."
    return "\n".join(["## Machines", "", count, "", *(f"- {line}" for line in lines)])
