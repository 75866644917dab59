"""The small languages of option values: lists, pairs, maps and shares. An option that was not given stays ``None``."""

from ..errors import BioreError, Errors


def parse_names(option: str, value: str | None) -> tuple[str, ...] | None:
    """Parse ``A,B,C``.

    Raises:
        BioreError: BR147 if a name is empty.
    """
    return None if value is None else _split(option, value, "names joined by commas: A,B")


def parse_pair(option: str, value: str | None) -> tuple[str, str] | None:
    """Parse ``HEAD,TAIL``.

    Raises:
        BioreError: BR147 if there are not two names.
    """
    if value is None:
        return None
    expected = "two entity types: HEAD,TAIL"
    names = _split(option, value, expected)
    if len(names) != 2:
        raise BioreError(Errors.BR147.format(option=option, value=value, expected=expected))
    return names[0], names[1]


def parse_map(option: str, value: str | None) -> dict[str, str] | None:
    """Parse ``OLD=NEW,OLD=NEW``.

    Raises:
        BioreError: BR147 if an entry is not such, or an old name occurs twice.
    """
    if value is None:
        return None
    expected = "renamings, each old name once: OLD=NEW,OLD=NEW"
    entries = [entry.split("=") for entry in _split(option, value, expected)]
    renamed = {entry[0].strip(): entry[1].strip() for entry in entries if len(entry) == 2 and all(entry)}
    if len(renamed) != len(entries):
        raise BioreError(Errors.BR147.format(option=option, value=value, expected=expected))
    return renamed


def parse_shares(option: str, value: str | None) -> tuple[float, ...] | None:
    """Parse ``0.8,0.1,0.1``.

    Raises:
        BioreError: BR147 if these are not numbers.
    """
    if value is None:
        return None
    expected = "shares of train, dev and test: 0.8,0.1,0.1"
    shares = _split(option, value, expected)
    try:
        return tuple(map(float, shares))
    except ValueError as error:
        raise BioreError(Errors.BR147.format(option=option, value=value, expected=expected)) from error


def _split(option: str, value: str, expected: str) -> tuple[str, ...]:
    parts = tuple(part.strip() for part in value.split(","))
    if not all(parts):
        raise BioreError(Errors.BR147.format(option=option, value=value, expected=expected))
    return parts
