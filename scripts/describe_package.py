"""Describe a pipeline for `spacy package`: name, version, terms, sources, scores, and what it requires."""

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer
from package_sources import check_version, find_sources, list_terms
from spacy.util import get_minor_version_range, split_requirement
from wasabi import msg

from spacy_biore import __version__

LIBRARY = "spacy-biore"
LICENSE = "the terms of its sources, see LICENSES_SOURCES"
RELATION_SCORES = ("rel_micro_p", "rel_micro_r", "rel_micro_f", "rel_macro_f", "rel_per_type")
ENTITY_SCORES = ("ents_p", "ents_r", "ents_f", "ents_per_type")
GIVEN_GOLD = "_given_gold_ents"
NOTES = """### Sources and their terms

{terms}

### Scores

`REL_` scores are those of whole relations, from text: both mentions, their types and the label are right. Where the
name ends in `{given_gold}`, the entities were those of the corpus. Measured on {corpora}.

### Use

The package needs spacy-biore, which is not on PyPI: install both at once, in a clone of its repository, with
`pip install . PATH/TO/THIS.whl -c constraints.txt`.

```python
import spacy

nlp = spacy.load("{package}")
for relation in nlp("Your text.")._.relations:
    print(relation.head, relation.label, relation.tail, relation.score)
```
"""


def main(
    pipeline: Annotated[Path, typer.Argument(help="Folder of the pipeline")],
    packages: Annotated[Path, typer.Argument(help="Folder of all packages")],
    results: Annotated[
        list[Path], typer.Argument(help="JSON files of `biore evaluate --output` and `benchmark accuracy --output`")
    ],
    name: Annotated[str, typer.Option("--name", help="Name of the package, without the language")],
    version: Annotated[str, typer.Option("--version", help="Version of the package")],
    description: Annotated[str, typer.Option("--description", help="What it does, in a sentence")],
    made_from: Annotated[str, typer.Option("--made-from", help="What it is made from: CORPUS,ENCODER,TEXT")],
    recogniser: Annotated[Path | None, typer.Option(help="Config of its recogniser")] = None,
    sources: Annotated[Path, typer.Option("--sources", help="YAML file that tells of them")] = Path(
        "assets/sources.yml"
    ),
    author: Annotated[str, typer.Option("--author", help="Who made the package")] = "",
    email: Annotated[str, typer.Option("--email", help="Address of the author")] = "",
    license_name: Annotated[str, typer.Option("--license", help=f"Its licence (default: {LICENSE})")] = "",
    url: Annotated[str, typer.Option("--url", help="Where the package comes from")] = "",
) -> None:
    """Begin the folder of a package with its meta.json and the terms; `spacy package --meta-path` does the rest."""
    check_version(version)
    meta = read(pipeline / "meta.json")
    reports = [(path, read(path)) for path in results]
    origins = find_sources(sources, made_from, recogniser=recogniser, has_vectors=bool(meta["vectors"]["width"]))
    package = f"{meta['lang']}_{name}"
    meta |= {"name": name, "version": version, "description": description, "url": url}
    meta |= {
        "author": author,
        "email": email,
        "license": license_name or LICENSE,
        "sources": origins,
        "performance": join_scores(reports),
        "requirements": require_library(meta.get("requirements", [])),
        "notes": NOTES.format(
            terms=list_terms(origins),
            given_gold=GIVEN_GOLD.upper(),
            corpora=" and ".join(sorted({report["corpus"] for _, report in reports if "corpus" in report})),
            package=package,
        ),
    }
    begin(packages / f"{package}-{version}", meta)


def begin(folder: Path, meta: dict[str, Any]) -> None:
    """Make the folder of a package anew: what an earlier build left there would become part of the new one."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "meta.json").write_text(json.dumps(meta, indent=2, ensure_ascii=False) + "\n", encoding="utf8")
    (folder / "LICENSES_SOURCES").write_text(list_terms(meta["sources"]) + "\n", encoding="utf8")
    msg.good(f"Began the package in {folder}")


def read(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file; stop if there is none."""
    try:
        value = json.loads(path.read_text(encoding="utf8"))
    except (OSError, ValueError) as error:
        msg.fail(f"Can't read {path}", str(error), exits=1)
    if not isinstance(value, dict):
        msg.fail(f"{path} is not a JSON object", exits=1)
    return value


def join_scores(reports: Iterable[tuple[Path, dict[str, Any]]]) -> dict[str, Any]:
    """Return the scores of several reports under names of their own; stop if one has none, or two have the same."""
    joined: dict[str, Any] = {}
    for path, report in reports:
        scores = name_scores(report)
        if not scores or (joined.keys() & scores.keys()):
            msg.fail(f"{path} has no scores, or those of another file again", exits=1)
        joined |= scores
    return joined


def name_scores(report: dict[str, Any]) -> dict[str, Any]:
    """Return the scores of one report. Those of spaCy's own command are the entities'; ours state their view."""
    if "view" not in report:
        return {key: report[key] for key in ENTITY_SCORES if key in report}
    suffix = "" if report["view"] == "end to end" else GIVEN_GOLD
    return {key + suffix: report[key] for key in RELATION_SCORES if key in report}


def require_library(requirements: Iterable[str]) -> list[str]:
    """Add this library, from the version in use to the next minor one, to what a pipeline requires."""
    others = [one for one in requirements if split_requirement(one)[0] != LIBRARY]
    return [LIBRARY + get_minor_version_range(__version__), *others]


if __name__ == "__main__":
    typer.run(main)
