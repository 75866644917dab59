"""Convert one of the project's corpora to .spacy files, from the repository, a local copy or a download."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from wasabi import msg

ASSETS = Path("assets")
PARTS = ("train", "dev", "test")


class Source(NamedTuple):
    """Where a corpus is, and how to convert it.

    Attributes:
        path: Below assets/ or below the folder that BIORE_CORPORA names.
        format: Its format.
        options: Further options of the conversion.
        inside: Name of the file or folder to convert, at any depth below ``path``; all of it if empty.
        test: The same for the test part of a corpus without a development part: the rest is divided by document.
    """

    path: str
    format: str
    options: tuple[str, ...] = ()
    inside: str = ""
    test: str = ""


# Mentions have the boundaries that the corpus gives them, so that an exact match is one with the corpus. Families count
# as genes, as ChemProt's annotators had it; GNormPlus and NLM-Gene tell them apart. Protein domains don't.
GENES = ("--map-types", "Gene=GENE,FamilyName=GENE", "--types", "GENE", "--align", "cut", "--on-mismatch", "drop")
# NCBI Disease tells names of single diseases from those of classes, of several at once, and those before a noun.
DISEASES = ",".join(f"{name}=DISEASE" for name in ("SpecificDisease", "DiseaseClass", "CompositeMention", "Modifier"))
DIVISION = ("--split", "0.85,0.15,0", "--seed", "0")

SOURCES = {
    "sample": Source("sample/sample.jsonl", "jsonl", ("--split", "0.7,0.15,0.15", "--seed", "0")),
    # Tokens are cut where a mention ends inside one, so that no gold relation is lost.
    "chemprot": Source("chemprot", "chemprot", ("--align", "cut")),
    "chemprot_instances": Source("su_eval_sets/ChemProtMS.tar.gz", "masked", ("--pair", "CHEMICAL,GENE")),
    "ddi_instances": Source(
        "su_eval_sets/ddi2013ms.tar.gz",
        "masked",
        ("--map-labels", "DDI-advise=advise,DDI-effect=effect,DDI-int=int,DDI-mechanism=mechanism"),
    ),
    # Ten folders, each with a train.spacy and a test.spacy.
    "aimed_instances": Source("su_eval_sets/aimed.tar.gz", "masked", ("--map-labels", "1=INTERACTS")),
    # Ten folds of whole articles, a file each.
    "aimed_documents": Source("ppi/aimed_folds", "ppi", ("--map-labels", "PPI=INTERACTS")),
    "ddi": Source("ddi2013", "ddi", inside="Train", test="Test for DDI Extraction task"),
    # Corpora of mentions, for the recognisers.
    "bc5cdr": Source(
        "bc5cdr",
        "pubtator",
        ("--map-types", "Chemical=CHEMICAL,Disease=DISEASE", "--align", "cut"),
        inside="CDR.Corpus.v010516",
    ),
    "gnormplus": Source("ner", "pubtator", GENES, inside="GNormPlus_Train.PubTator", test="GNormPlus_Test.PubTator"),
    "nlmgene": Source("ner", "pubtator", GENES, inside="NLMgene_Train.PubTator", test="NLMgene_Test.PubTator"),
    "ncbi_disease": Source(
        "ner",
        "pubtator",
        ("--map-types", DISEASES, "--align", "cut", "--on-mismatch", "drop"),
        inside="NCBIdisease_TrainDev.PubTator",
        test="NCBIdisease_Test.PubTator",
    ),
}


def main(
    corpus: Annotated[str, typer.Argument(help=f"One of {', '.join(SOURCES)}")],
    output: Annotated[Path, typer.Argument(help="Folder for train.spacy, dev.spacy and test.spacy, or for the folds")],
) -> None:
    """Convert a corpus. The environment variable BIORE_CORPORA may name a folder with local copies.

    A folder that holds the three parts already is left as it is.
    """
    if corpus not in SOURCES:
        if all((output / f"{part}.spacy").exists() for part in PARTS):
            msg.good(f"{output} holds {', '.join(PARTS)} already")
            return
        msg.fail(
            f"No corpus '{corpus}'",
            f"Known: {', '.join(SOURCES)}. Put {', '.join(PARTS)} of another into {output} as .spacy files: "
            "python -m spacy biore convert",
            exits=1,
        )
    source = SOURCES[corpus]
    with tempfile.TemporaryDirectory() as scratch:
        path = unpacked(located(source), Path(scratch))
        if not source.test:
            convert(source, found(path, source.inside), output)
            return
        # Two conversions make one corpus: beside what it was, the second would take the parts of the first for others'.
        made, test = Path(scratch, "made"), found(path, source.test)
        convert(source, found(path, source.inside), made / "learn", *DIVISION)
        convert(source, test, made / "test" / "test.spacy" if test.is_file() else made / "test")
        output.mkdir(parents=True, exist_ok=True)
        for file in made.glob("*/*.spacy"):
            shutil.move(file, output / file.name)


def places(source: Source) -> list[Path]:
    """Return where a corpus may be, the first place first."""
    roots = [*(Path(folder) for folder in [os.environ.get("BIORE_CORPORA")] if folder), ASSETS]
    return [root / source.path for root in roots]


def located(source: Source) -> Path:
    """Return the first place where a corpus is."""
    for place in places(source):
        if place.exists():
            return place
    msg.fail(
        f"The corpus is not at {' or '.join(map(str, places(source)))}",
        "Run: python -m spacy project assets; or set BIORE_CORPORA",
        exits=1,
    )
    raise AssertionError


def unpacked(path: Path, scratch: Path) -> Path:
    """Return a folder with the contents of an archive, also of the archives inside it; other paths as they are."""
    archives = [path] if path.suffix in (".gz", ".zip") else sorted(path.glob("*.zip")) if path.is_dir() else []
    if not archives:
        return path
    while archives:
        for archive in archives:
            shutil.unpack_archive(archive, scratch / archive.name.split(".")[0])
            if scratch in archive.parents:
                archive.unlink()
        archives = sorted(scratch.rglob("*.zip"))
    return scratch


def found(path: Path, name: str) -> Path:
    """Return the file or folder of a name below a path; the path itself without a name."""
    if not name:
        return path
    for candidate in sorted(path.rglob(name)):
        return candidate
    msg.fail(f"There is no {name} in {path}", "Is the corpus complete?", exits=1)
    raise AssertionError


def convert(source: Source, path: Path, output: Path, *options: str) -> None:
    """Convert a file or folder; stop if that fails."""
    from spacy_biore.cli import biore_cli

    try:
        biore_cli(["convert", source.format, str(path), str(output), *source.options, *options])
    except SystemExit as done:
        if done.code:
            raise


if __name__ == "__main__":
    typer.run(main)
