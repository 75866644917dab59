"""Mentions of one part or several: a discontinuous mention becomes the stretch of text that covers its parts."""

from collections.abc import Sequence

from .counts import Contradiction, Counts
from .lines import shorten
from .mentions import TEXT_DIFFERS

COVERED = "discontinuous, covered as a whole"
MOVED = "discontinuous, moved by one character"

# First character of each part, and one past its last.
Parts = Sequence[tuple[int, int]]


def locate(parts: Parts, surface: str, *, text: str, counts: Counts, where: str, doc_id: str) -> tuple[int, int] | None:
    """Find out where a mention begins and ends, and count it.

    A discontinuous one that does not fit may be off by one character.

    Args:
        parts: The parts of the mention.
        surface: The mention's text according to the corpus. How its parts are joined does not matter.
        text: The text that the parts count in.
        counts: Counts to add what was read, changed and dropped to. A mention is dropped if its surface text is not
            the text of its parts, or these do not lie in the text.
        where: Where the mention was read, for messages.
        doc_id: Its document.

    Returns:
        First character and one past the last; ``None`` if it is dropped.
    """
    flow = counts.mentions
    flow.read += 1
    fitting = next((moved for moved in _candidates(parts) if fits(moved, surface, text)), None)
    if fitting is None:
        flow.dropped[TEXT_DIFFERS] += 1
        counts.contradictions.append(_contradiction(parts, surface, text, where, doc_id))
        return None
    if len(parts) > 1:
        flow.changed[COVERED] += 1
    if fitting != parts:
        flow.changed[MOVED] += 1
    return min(fitting)[0], max(end for _, end in fitting)


def fits(parts: Parts, surface: str, text: str) -> bool:
    """Say whether the text of the parts is the surface text; whitespace only counts where there is one part."""
    if not _lie_in(text, parts):
        return False
    if len(parts) == 1:
        return text[slice(*parts[0])] == surface
    return "".join("".join(text[start:end].split()) for start, end in parts) == "".join(surface.split())


def _lie_in(text: str, parts: Parts) -> bool:
    return all(0 <= start <= end <= len(text) for start, end in parts)


def _candidates(parts: Parts) -> list[Parts]:
    """Return the parts as they are, and those of a discontinuous mention one character to the right and to the left."""
    if len(parts) == 1:
        return [parts]
    return [parts, *([(start + shift, end + shift) for start, end in parts] for shift in (1, -1))]


def _contradiction(parts: Parts, surface: str, text: str, where: str, doc_id: str) -> Contradiction:
    return Contradiction(
        where=where,
        doc_id=doc_id,
        start=parts[0][0],
        end=parts[-1][1],
        surface=shorten(surface),
        found=shorten(" ".join(text[start:end] for start, end in parts)) if _lie_in(text, parts) else "",
    )
