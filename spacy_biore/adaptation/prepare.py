"""From files of text to word pieces on disk and a model to start from; once a run."""

import json
import math
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language

from ..errors import BioreError, Errors
from ..model.encoders import find_encoder, max_positions
from ..run_folder import write_json
from .exclusion import leave_out, read_exclusion, without
from .masked_lm import load_masked_lm, save_with_pooler, start_head
from .selection import TypesOf, long_enough, recogniser, select, term_list
from .settings import Selection, Settings, Watch
from .store import PieceStore, PieceWriter, SentenceStarts
from .texts import Text, read_texts
from .vocabulary import count_words, extend_vocabulary, wordpiece_state

TRAIN, HELD_OUT, START, PREPARED = "train", "held_out", "start", "prepared.json"
Finder = tuple[Language, TypesOf]


def prepare(settings: Settings, folder: Path, *, watch: Watch) -> dict[str, Any]:
    """Write the text as word pieces, and the model to start from; return what was read, as JSON data.

    What was prepared before is used again.

    Args:
        settings: The run.
        folder: Where to write.
        watch: Shows progress over the texts.

    Raises:
        BioreError: As ``read_texts``, ``read_exclusion``, ``load_masked_lm`` and ``term_list`` do; BR202 if max_length
            is more than the encoder reads, BR404 for an excluded document, BR406 if the vocabulary can't grow, BR408
            if too little text is left.
    """
    report_path = folder / PREPARED
    if report_path.exists():
        return json.loads(report_path.read_text(encoding="utf8"))
    # What is wrong with the settings is found before the text is read, which may take hours.
    model, tokenizer, has_new_head = load_masked_lm(settings.encoder)
    limit = max_positions(model.base_model)
    if settings.max_length > limit:
        raise BioreError(Errors.BR202.format(value=settings.max_length, limit=limit, name=settings.encoder))
    if settings.vocabulary:
        wordpiece_state(tokenizer)
    finder = _finder(settings.selection)
    _refuse_excluded(settings, watch)
    report: dict[str, Any] = {"new_head": has_new_head}
    if settings.vocabulary:
        words = count_words(watch(_chosen(settings, finder, Counter()), "words"), tokenizer.backend_tokenizer)
        tokenizer, extension = extend_vocabulary(model, tokenizer, words, size=settings.vocabulary)
        report["vocabulary"] = {
            "added": len(extension.words),
            "pieces_per_word_before": extension.before,
            "pieces_per_word_after": extension.after,
        }
    counts: Counter[str] = Counter()
    _write(settings, watch(_chosen(settings, finder, counts), "text"), tokenizer, folder)
    train, held_out = PieceStore.open(folder / TRAIN), PieceStore.open(folder / HELD_OUT)
    if not (train.counts["pieces"] and held_out.counts["pieces"]):
        left = train.counts["documents"] + held_out.counts["documents"]
        raise BioreError(Errors.BR408.format(documents=left, counts=dict(counts) or "nothing"))
    if has_new_head:
        start_head(model, train.count_pieces(model.config.vocab_size))
    save_with_pooler(model, folder / START, pooler_of=find_encoder(settings.encoder))
    tokenizer.save_pretrained(folder / START)
    report |= {"left_out": dict(counts), TRAIN: train.counts, HELD_OUT: held_out.counts}
    write_json(report_path, report)
    return report


def _refuse_excluded(settings: Settings, watch: Watch) -> None:
    """Make sure, before anything takes long, that no excluded document is in the text."""
    chosen = settings.selection
    if chosen.exclude_ids and not chosen.drop_excluded:
        for _ in without(watch(read_texts(settings.text), "ids"), read_exclusion(chosen.exclude_ids)):
            pass


def _finder(chosen: Selection) -> Finder | None:
    """Return what finds the required types, if there are any."""
    if not chosen.require:
        return None
    if chosen.recogniser:
        return recogniser(chosen.recogniser, chosen.require)
    return term_list(chosen.terms or Path(), chosen.require)


def _chosen(settings: Settings, finder: Finder | None, counts: Counter[str]) -> Iterator[Text]:
    """Yield the text to learn from, and count what is left out."""
    chosen = settings.selection
    texts = read_texts(settings.text)
    if chosen.exclude_ids and chosen.drop_excluded:
        texts = leave_out(texts, read_exclusion(chosen.exclude_ids), counts)
    texts = long_enough(texts, chosen.min_words, counts)
    if finder:
        texts = select(texts, *finder, chosen.require, unit=chosen.unit, counts=counts)
    return texts


def _write(settings: Settings, texts: Iterable[Text], tokenizer: Any, folder: Path) -> None:
    """Tokenise the text; documents at even distances are held out."""
    options = {
        "sep_id": tokenizer.sep_token_id,
        "sentence_starts": _splitter() if settings.fill == "sentences" else None,
    }
    share = settings.held_out
    with (
        PieceWriter(folder / TRAIN, tokenizer.backend_tokenizer, **options) as train,
        PieceWriter(folder / HELD_OUT, tokenizer.backend_tokenizer, **options) as held_out,
    ):
        for number, text in enumerate(texts):
            is_held_out = math.ceil(number * share) < math.ceil((number + 1) * share)
            (held_out if is_held_out else train).add(text.text)


def _splitter() -> SentenceStarts:
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    nlp.max_length = sys.maxsize

    def sentence_starts(text: str) -> list[int]:
        with nlp.memory_zone():
            return [sentence.start_char for sentence in nlp(text).sents]

    return sentence_starts
