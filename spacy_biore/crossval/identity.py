"""What makes a run this one: its config, its settings, and what its corpora hold."""

import json
import re
import zlib
from collections.abc import Iterator, Sequence
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

import srsly
from spacy.tokens import DocBin
from thinc.api import Config

from ..errors import BioreError, Errors
from ..readers import corpus_files
from ..relations import DOC_ID_KEY, GROUP_KEY, RELATIONS_KEY
from ..run_folder import digest_path
from .training import with_corpora

# Values of a config that may be folders which it takes something from.
USED = re.compile(r"config\.(components|initialize)\..*\b(encoder|source|vectors|init_tok2vec|path|name)")


def identify(config: Config, corpora: Sequence[Path], **settings: Any) -> dict[str, Any]:
    """Return what makes a run this one: every value of its config, the digests of its corpora, its other settings.

    Args:
        config: As in ``train_and_score``.
        corpora: ``.spacy`` files or folders of them, of different names.
        settings: What else there is, as JSON data.

    Raises:
        BioreError: BR031 for a corpus that is not there, BR305 for a file that is none, BR508 for two files of one
            name; BR501 if the config has no place for them.
    """
    values = _flatten(with_corpora(config, None, None).interpolate(), "config")
    digests: dict[str, str] = {}
    for corpus in corpora:
        for name, digest in _digests(corpus):
            if name in digests:
                raise BioreError(Errors.BR508.format(name=name.removeprefix("corpus."), path=corpus))
            digests[name] = digest
    return json.loads(json.dumps({**settings, **values, **digests}, default=str))


def identify_folders(config: Config) -> dict[str, str]:
    """Return the digest of each folder that a config takes something from: an encoder, vectors, a pipeline.

    What is in them can change under one name.
    """
    values = _flatten(config.interpolate(), "config")
    named = {key: value for key, value in values.items() if USED.fullmatch(key) and isinstance(value, str)}
    return {f"folder.{key}": digest_path(Path(value)) for key, value in named.items() if Path(value).is_dir()}


def _digests(corpus: Path) -> Iterator[tuple[str, str]]:
    for path in corpus_files(corpus):
        status = path.stat()
        yield f"corpus.{path.relative_to(corpus.parent)}", _digest(path.resolve(), status.st_mtime_ns, status.st_size)


@cache
def _digest(path: Path, changed: int, size: int) -> str:
    """Return the digest of what is learned from: tokens with their annotation, span groups, ids, articles, relations.

    The bytes of two files can differ where these do not.
    """
    try:
        doc_bin = DocBin().from_disk(path)
    except (OSError, ValueError, KeyError, TypeError, zlib.error) as error:
        raise BioreError(Errors.BR305.format(path=path, problem=error)) from error
    digest = blake2b(repr(doc_bin.attrs).encode(), digest_size=16)
    for tokens, spaces, groups, packed in zip(
        doc_bin.tokens, doc_bin.spaces, doc_bin.span_groups, doc_bin.user_data, strict=True
    ):
        data = srsly.msgpack_loads(packed, use_list=False) if packed else {}
        kept = json.dumps(
            [data.get(key) for key in (DOC_ID_KEY, GROUP_KEY, RELATIONS_KEY)], sort_keys=True, default=str
        )
        for part in (tokens.tobytes(), spaces.tobytes(), groups, kept.encode()):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def _flatten(block: dict[str, Any], name: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in block.items():
        values |= _flatten(value, f"{name}.{key}") if isinstance(value, dict) else {f"{name}.{key}": value}
    return values
