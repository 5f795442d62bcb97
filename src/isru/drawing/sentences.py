"""Parts of the sentence that a figure says, made from the words that its rows were given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import pandas as pd


def listed(names: Sequence[str]) -> str:
    """Return names as a sentence lists them.

    Examples
    --------
    >>> listed(["tanh", "ISRU", "softsign"])
    'tanh, ISRU and softsign'
    """
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def commonest(words: Iterable[str], things: str) -> str:
    """Return the word that most have, and how many of them: "slower at 3 of 4 sizes".

    Parameters
    ----------
    words : iterable of str
        Of two that are equally frequent the first one counts.
    things : str
        What the words were given to, in the plural.

    Examples
    --------
    >>> commonest(["slower", "slower", "undecided"], "sizes")
    'slower at 2 of 3 sizes'
    """
    counts = Counter(words)
    word, count = counts.most_common(1)[0]
    return f"{word} at {count} of {counts.total()} {things}"


def tally(words: Iterable[str]) -> str:
    """Return how often each word was given, the commonest first.

    Examples
    --------
    >>> tally(["worse", "undecided", "undecided"])
    '2 undecided and 1 worse'
    """
    return listed([f"{count} {word}" for word, count in Counter(words).most_common()])


def by_word(words: Mapping[str, str], joint: str = "; ") -> str:
    """Return what is said of several names, those of one word together.

    Examples
    --------
    >>> by_word({"ISRU": "equivalent", "hard": "worse", "exp-free": "equivalent"})
    'ISRU and exp-free are equivalent; hard is worse'
    """
    together: dict[str, list[str]] = {}
    for name, word in words.items():
        together.setdefault(word, []).append(name)
    return joint.join(
        f"{listed(names)} {'is' if len(names) == 1 else 'are'} {word}"
        for word, names in together.items()
    )


def equivalent_counts(table: pd.DataFrame, names: Mapping[str, str]) -> str:
    """Return of how many comparisons each arm's are equivalent.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns arm and word, as from `isru.studies.paired.compare`.
    names : dict of {str: str}
        Arm -> what it is called.
    """
    counts = table["word"].eq("equivalent").groupby(table["arm"]).agg(["sum", "size"])
    found = [(names[arm], counts.loc[arm]) for arm in names if arm in counts.index]
    return listed([f"{name} in {row['sum']} of {row['size']}" for name, row in found])
