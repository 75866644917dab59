"""The report of a grid: its tables, comparisons and charts."""

import json
import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import srsly

from benchmarks import paper
from benchmarks.common import ROOT
from benchmarks.grid import read_grid
from benchmarks.records import article_counts, read_records, scores_on_test
from benchmarks.report import compare, group_rows, render


def report_of(grid_path: Path, tmp_path: Path) -> tuple[str, dict[str, str]]:
    folder = tmp_path / "pipelines"
    records = read_records(tmp_path / "results")
    files = render(read_grid(grid_path), records, tmp_path / "docs" / "page.md", pipelines=folder)
    page, *_ = files
    return files[page], {path.name: text for path, text in files.items() if path != page}


def test_a_report_without_results_says_that_nothing_was_run(grid_path, tmp_path):
    page, images = report_of(grid_path, tmp_path)
    for corpus, seeds in (("whole", 2), ("folded", 1)):
        command = f"`python -m benchmarks.paper run {grid_path} --only '{corpus}.ROW.*'`"
        rows = ", ".join(f"`tiny.none.{name}.default` ({seeds})" for name in ("plain", "mean"))
        assert f"Not run (seeds): {rows}; with {command}." in page
    assert "| seeds |" not in page
    assert "A note on the protocol." in page and not images


def test_a_report_shows_means_ranges_gains_and_what_is_missing(grid_path, tmp_path, trained, run_all):
    run_all(grid_path)
    (tmp_path / "results" / "folded.tiny.none.mean.default.s0.json").unlink()
    page, images = report_of(grid_path, tmp_path)
    rows = [line for line in page.splitlines() if line.startswith("|") and "--only" in line]
    cells = [[cell.strip() for cell in row.split("|")[1:-1]] for row in rows]
    # One and two right of twenty: F of 9.5 and 18.2.
    assert cells[0][2:10] == [
        "plain",
        "default",
        "2 of 2",
        *["13.9 (9.5-18.2)", "100.0", "7.5"],
        "**13.9 (9.5-18.2)**",
        "13.9 (9.5-18.2)",
    ]
    assert cells[0][10] == f"`python -m benchmarks.paper run {grid_path} --only 'whole.tiny.none.plain.default.*'`"
    assert len(cells) == 3 and "Not run (seeds): `tiny.none.mean.default` (1); with `" in page
    gains = [line for line in page.splitlines() if line.startswith("| summary")]
    assert len(gains) == 2 and "| whole | +15.9 | " in gains[0] and "| folded | not run |" in gains[1]
    assert set(images) == {"whole-steps.svg", "whole-pooling.svg", "folded-pooling.svg"}
    for name, text in images.items():
        assert ET.fromstring(text).tag.endswith("svg") and f"page/{name}" in page
    assert "5 of 6 runs" in page


def test_rows_are_compared_in_the_settings_that_each_corpus_has(grid_path, tmp_path, trained, run_all, save_grid):
    data = srsly.read_yaml(grid_path)
    data["settings"] = {"brief": {"training.max_steps": 2}}
    data["runs"][1]["settings"] = "brief"
    chosen = {"whole": "default", "folded": "brief"}
    data["comparisons"] = [
        {"title": "both", "before": "tiny.none.plain", "after": "tiny.none.mean", "settings": chosen}
    ]
    run_all(save_grid(data))
    page, _ = report_of(grid_path, tmp_path)
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines() if line.startswith("| both")]
    assert [row[1:4] for row in rows] == [
        ["tiny.none.plain.default", "tiny.none.mean.default", "whole"],
        ["tiny.none.plain.brief", "tiny.none.mean.brief", "folded"],
        ["tiny.none.plain", "tiny.none.mean", "mean of whole, folded"],
    ]
    gains = [float(row[4].strip("*")) for row in rows]
    assert gains[2] == pytest.approx((gains[0] + gains[1]) / 2, abs=0.1)


def test_published_results_stand_under_their_corpus(grid_path, tmp_path, save_grid):
    data = srsly.read_yaml(grid_path)
    data["corpora"]["chemprot"] = data["corpora"].pop("whole")
    data["runs"][0]["corpus"] = "chemprot"
    page, _ = report_of(save_grid(data), tmp_path)
    assert "| BERT |  |  | 71.86 |" in page and "| PubMedBERT + attention + sub-domain | 79.7 | 77.7 | 78.7 |" in page


def test_f_against_steps_of_adaptation(grid_path, tmp_path, trained, run_all, save_grid):
    data = srsly.read_yaml(grid_path)
    folder = tmp_path / "adapted"
    folder.mkdir()
    curve = [{"step": 0, "perplexity": 9.0}, {"step": 500, "perplexity": 5.0}]
    (folder / "adaptation.json").write_text(json.dumps({"curve": curve, "pieces": 1}))
    data["encoders"]["tiny"]["more"] = str(folder)
    data["runs"][0]["adaptation"] = ["none", "more"]
    run_all(save_grid(data))
    _, images = report_of(tmp_path / "grid.yml", tmp_path)
    assert (
        "steps of masked-LM adaptation" in images["whole-adaptation.svg"] and ">500<" in images["whole-adaptation.svg"]
    )
    assert "folded-adaptation.svg" not in images


def test_only_common_seeds_are_compared(grid_path, tmp_path, trained, run_all):
    run_all(grid_path)
    grid = read_grid(grid_path)
    records = {path.stem: json.loads(path.read_text()) for path in (tmp_path / "results").glob("*.json")}
    del records["whole.tiny.none.mean.default.s0"]
    before, after, *_ = group_rows(grid, records)
    gain = compare(before, after)
    expected = [scores_on_test(row.records[1]).f for row in (before, after)]
    assert gain is not None and gain[0] == pytest.approx(expected[1] - expected[0])


def test_a_run_that_did_not_learn_is_named_and_in_none_of_the_gains(grid_path, tmp_path, trained, run_all):
    run_all(grid_path)
    path = tmp_path / "results" / "whole.tiny.none.plain.default.s0.json"
    record = json.loads(path.read_text())
    record["curve"] = [{"step": 0, "loss": 1.0, "f": 0.2}, {"step": 9, "loss": 9.0, "f": 0.1}]
    path.write_text(json.dumps(record))
    page, _ = report_of(grid_path, tmp_path)
    section = page.split("## Whole")[1].split("\n## ")[0]
    assert page.count("Did not learn") == 1 and "- `whole.tiny.none.plain.default.s0`\n" in section
    grid, records = read_grid(grid_path), read_records(tmp_path / "results")
    before, after, *_ = group_rows(grid, records)
    assert compare(before, after)[0] == pytest.approx(
        scores_on_test(after.records[1]).f - scores_on_test(before.records[1]).f
    )


def test_a_run_one_of_whose_folds_did_not_learn_is_named(grid_path, tmp_path, trained, run_all):
    run_all(grid_path)
    path = tmp_path / "results" / "folded.tiny.none.plain.default.s0.json"
    record = json.loads(path.read_text())
    assert "Did not learn" not in report_of(grid_path, tmp_path)[0]
    record["folds"]["two"]["curve"] = [{"step": 0, "loss": 1.0, "f": 0.2}, {"step": 9, "loss": 9.0, "f": 0.1}]
    path.write_text(json.dumps(record))
    page, _ = report_of(grid_path, tmp_path)
    assert page.count("Did not learn") == 1 and "- `folded.tiny.none.plain.default.s0`\n" in page


def test_an_article_in_several_folds_is_one_unit_of_the_test_of_significance(grid_path, tmp_path, trained, run_all):
    run_all(grid_path)
    record = json.loads((tmp_path / "results" / "folded.tiny.none.plain.default.s0.json").read_text())
    record["folds"]["one"]["articles"] = {"a": "1 2 3", "b": "0 0 1"}
    record["folds"]["two"]["articles"] = {"a": "4 0 1"}
    assert article_counts([record]) == {"a": (5, 2, 4), "b": (0, 0, 1)}


def test_folds_without_gold_relations_stand_under_their_table(grid_path, tmp_path, trained, without_gold, run_all):
    without_gold.add(6)
    run_all(grid_path)
    page, _ = report_of(grid_path, tmp_path)
    assert page.count("in none of the means") == 1
    section = page.split("## folded")[1].split("\n## ")[0]
    assert "in none of the means:\n\n- `folded.tiny.none.plain.default.s0`: two\n" in section


def test_seeds_of_different_encoders_are_pointed_out(grid_path, tmp_path, trained, run_all):
    run_all(grid_path)
    path = tmp_path / "results" / "whole.tiny.none.mean.default.s1.json"
    record = json.loads(path.read_text())
    record["identity"]["encoder.contents"] = "another"
    path.write_text(json.dumps(record))
    page, _ = report_of(grid_path, tmp_path)
    assert page.count("| 2 of 2, **of 2 encoders** |") == 1


def test_the_mean_gain_is_that_of_the_corpora_that_the_grid_names(grid_path, tmp_path, trained, run_all, save_grid):
    data = srsly.read_yaml(grid_path)
    data["corpora"]["third"] = data["corpora"]["whole"]
    data["runs"].append({**data["runs"][0], "corpus": "third"})
    run_all(save_grid({**data, "compared": ["whole", "third"]}))
    page, _ = report_of(grid_path, tmp_path)
    gains = {}
    for line in page.splitlines():
        if line.startswith("| summary"):
            *_, corpus, gain, _ = (cell.strip(" *") for cell in line.strip("|").split("|"))
            gains[corpus] = float(gain)
    assert list(gains) == ["whole", "folded", "third", "mean of whole, third"]
    assert gains["mean of whole, third"] == pytest.approx((gains["whole"] + gains["third"]) / 2, abs=0.11)
    assert abs(sum(list(gains.values())[:3]) / 3 - gains["mean of whole, third"]) > 0.2, "that of all is another"


@pytest.fixture
def report(monkeypatch, capsys):
    """A function that runs the command ``report`` and returns what it says."""

    def run(*args: object) -> str:
        monkeypatch.setattr(sys, "argv", ["paper", "report", *map(str, args)])
        with pytest.raises(SystemExit) as caught:
            paper.main()
        said = " ".join(capsys.readouterr().out.split())
        return f"{said} EXIT {caught.value.code}"

    return run


def test_results_of_other_settings_are_left_out_named_and_counted(
    grid_path, tmp_path, trained, run_all, save_grid, report
):
    run_all(grid_path)
    data = srsly.read_yaml(grid_path)
    data["poolings"]["mean"]["summary"] = "attention"
    data["runs"][0]["seed"] = 0
    save_grid(data)
    # A report is made where the corpora are not.
    for path in tmp_path.rglob("*.spacy"):
        path.unlink()
    page = tmp_path / "page.md"
    said = report(grid_path, "--results", tmp_path / "results", "--pipelines", tmp_path, "--output", page)
    assert "4 result(s) are not of this grid and are left out" in said and said.endswith("EXIT 0")
    assert "folded.tiny.none.mean.default.s0 (another run, which differs in: config.components" in said
    assert "whole.tiny.none.plain.default.s1 (no run of the grid)" in said
    missing = [line.split(";")[0] for line in page.read_text().splitlines() if line.startswith("Not run (")]
    assert missing == ["Not run (seeds): `tiny.none.mean.default` (1)"] * 2
    assert "2 of 4 runs" in page.read_text()


def test_a_file_that_is_no_result_is_named(grid_path, tmp_path, report):
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "some.json").write_text("{")
    said = report(grid_path, "--results", tmp_path / "results", "--output", tmp_path / "page.md")
    assert "BR513" in said and "some.json" in said and said.endswith("EXIT 1")


def test_the_page_of_the_project_is_what_the_command_makes(tmp_path, monkeypatch, report):
    monkeypatch.chdir(ROOT)
    page = tmp_path / "benchmarks.md"
    assert "left out" not in report("benchmarks/paper.yml", "--output", page)
    committed = ROOT / "docs" / "benchmarks.md"
    assert parts(committed)[0] == parts(page)[0]
    assert parts(committed)[1] == pytest.approx(parts(page)[1], abs=0.02), "p-values, which depend on scipy a little"
    charts = [{path.name: path.read_text() for path in one.with_suffix("").iterdir()} for one in (committed, page)]
    assert charts[0] == charts[1]


def parts(page: Path) -> tuple[str, list[float]]:
    """Return a page without the p-values of its comparisons, and these."""
    pattern = re.compile(r"\| (?:< )?([01]\.\d{3}) \|$", re.MULTILINE)
    text = page.read_text(encoding="utf8")
    return pattern.sub("| p |", text), [float(p) for p in pattern.findall(text)]
