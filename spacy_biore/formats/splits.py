"""Division of documents into train, dev and test without ever separating a group."""

import random
from collections import Counter
from collections.abc import Sequence

from ..errors import BioreError, Errors
from .document import Document
from .sources import SPLITS


def split_documents(documents: Sequence[Document], shares: Sequence[float], *, seed: int) -> dict[str, list[Document]]:
    """Divide documents by their groups, at random but always in the same way for one seed and set of groups.

    Args:
        documents: Documents; their order is kept in each part, and does not matter to the division.
        shares: Three shares of the documents, for train, dev and test, that add up to 1; a share may be 0.
        seed: Seed of the shuffle of the groups.

    Returns:
        The parts whose share is not 0. Their sizes are as close to the shares as whole groups allow.

    Raises:
        BioreError: BR141 if the shares are not such, BR142 if there are too few groups to fill every part.
    """
    if len(shares) != len(SPLITS) or min(shares) < 0 or not abs(sum(shares) - 1) < 1e-6:
        raise BioreError(Errors.BR141.format(shares=", ".join(map(str, shares))))
    sizes = Counter(document.group for document in documents)
    names = assign_groups(sizes, {name: share for name, share in zip(SPLITS, shares, strict=True) if share}, seed=seed)
    parts: dict[str, list[Document]] = {name: [] for name, share in zip(SPLITS, shares, strict=True) if share}
    for document in documents:
        parts[names[document.group]].append(document)
    empty = [name for name, part in parts.items() if not part]
    if empty:
        raise BioreError(Errors.BR142.format(split=empty[0], groups=len(sizes)))
    return parts


def assign_groups(sizes: dict[str, int], shares: dict[str, float], *, seed: int) -> dict[str, str]:
    """Give each group to the part that its middle falls into when the shuffled groups are laid end to end."""
    groups = sorted(sizes)
    random.Random(seed).shuffle(groups)
    total = sum(sizes.values())
    names = list(shares)
    ends = [sum(list(shares.values())[: number + 1]) * total for number in range(len(names) - 1)]
    assigned, done = {}, 0
    for group in groups:
        middle = done + sizes[group] / 2
        assigned[group] = names[sum(middle > end for end in ends)]
        done += sizes[group]
    return assigned
