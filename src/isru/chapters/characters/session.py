"""Training at the terminal: from a file, saved as it goes, ended by Ctrl-C without a loss."""

from __future__ import annotations

import importlib.util
import logging
import os
import signal
import threading
import time
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from isru.chapters.characters.model import CharacterModel
from isru.data.text import KJV, Alphabet, least_length, read_text, split
from isru.lstm import LSTMNetwork
from isru.studies.places import check_file

DEFAULTS = {"layers": 1, "units": 64, "activation": "isru", "learning_rate": 1e-2, "seed": 0}
_SAVE_SECONDS = 10.0
_SHARES = {"validation": 0.05, "test": 0.1}
_HELD_OUT = 3  # characters of the validation part: one to read, one more, and one to predict
_STREAMS, _LEAD = 32, 50  # of a validation part that is long enough
_FEW = 1e-3  # of a text, which a model need not know
# Of a weight: itself, its gradient and two moments in float32, and what draws it in float64.
_WEIGHT_BYTES = 4 * 4 + 4 * 8
_LOG = logging.getLogger(__name__)


def fastest_engine() -> str:
    """Return the engine that is fastest for single sequences: Numba's where it is installed."""
    return "numba" if importlib.util.find_spec("numba") else "numpy"


def open_session(
    path: str | Path,
    *,
    source: str | Path = KJV,
    start: str | Path | None = None,
    **settings: object,
) -> tuple[CharacterModel, object]:
    """Return the model to be trained, and its text in parts.

    The model in `path` if that file exists, so that a session goes on where the last one ended;
    else the one in `start`; else a new one.

    Parameters
    ----------
    path : str or Path
        Where the model is kept.
    source : str or Path
        The text; see `isru.data.text.read_text`.
    start : str or Path, optional
        A model to begin with, which stays as it is.
    **settings
        Of a new model, see `DEFAULTS`; none of them for one that exists.

    Raises
    ------
    ValueError
        If `path` is no place for a file, a setting is given for a model that exists, a new model
        is too large for the memory, the text is too short (the message says how long it must be),
        or the model's alphabet lacks more than a few of its characters; and as
        `CharacterModel.load` and `read_text`.

    Notes
    -----
    The alphabet of a model that exists may lack some letters of a longer text of the same kind:
    up to one character in 1000 is left out, and a warning says which.
    """
    check_file(path, "model")
    text = read_text(source)
    found = next((Path(file) for file in (path, start) if file and Path(file).is_file()), None)
    if found is None and start is None:
        if len(set(text)) < 2:
            raise ValueError(
                f"text: expected at least two different characters, got only {text[0]!r}"
            )
        model = _new(Alphabet.of(text), **{**DEFAULTS, **settings})
    else:
        if settings:
            raise ValueError(
                f"{', '.join(settings)}: expected nothing but a text and a number of updates for "
                f"the model in {found or start}, which has its settings; name another file to "
                "begin a new model"
            )
        model = CharacterModel.load(found or start, engine=fastest_engine())
        text = _known(text, model.alphabet)
    least = least_length(model.least, _HELD_OUT, **_SHARES)
    if len(text) < least:
        raise ValueError(
            f"text: expected at least {least} characters, of which 85 % are the {model.least} or "
            f"more that an update reads, got {len(text)}: name a longer text"
        )
    return model, split(model.alphabet.encode(text), **_SHARES)


def _known(text: str, alphabet: Alphabet) -> str:
    """Return a text without the few characters that the alphabet does not have."""
    kept, unknown = alphabet.keep(text)
    left_out = len(text) - len(kept)
    if 0 < left_out <= len(text) * _FEW:
        _LOG.warning(
            "left out %d of %d characters of the text, which the model does not know: %s",
            *(left_out, len(text), ", ".join(map(repr, unknown))),
        )
        return kept
    return text


def _new(alphabet, *, layers, units, activation, learning_rate, seed):
    check_fits(len(alphabet), layers, units)
    return CharacterModel.new(
        alphabet,
        [units] * layers,
        activation=activation,
        engine=fastest_engine(),
        seed=(seed, 0),
        learning_rate=learning_rate,
    )


def check_fits(symbols: int, layers: int, units: int) -> None:
    """Refuse a model whose training takes more memory than the machine has.

    Raises
    ------
    ValueError
    """
    one, two = (LSTMNetwork.count(symbols, [units] * depth, symbols) for depth in (1, 2))
    needed = (one + (layers - 1) * (two - one)) * _WEIGHT_BYTES
    memory = memory_bytes()
    if memory and needed > memory:
        raise ValueError(
            f"layers, units: expected a model that fits the {memory / 1e9:.3g} GB of this machine, "
            f"got {layers} x {units}, whose training takes {needed / 1e9:.3g} GB: take fewer"
        )


def memory_bytes() -> int:
    """Return the machine's memory, 0 where it is unknown."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 0


class HeldOut(NamedTuple):
    """What a model costs on text that it was not trained on.

    Attributes
    ----------
    bits : float
        Per character.
    characters : int
        So many are counted.
    """

    bits: float
    characters: int


def held_out(model: CharacterModel, symbols) -> HeldOut:
    """Measure a model on a part of any length: fewer streams and a shorter lead if it is short.

    Raises
    ------
    ValueError
        If there are fewer than three characters.
    """
    streams = max(1, min(_STREAMS, len(symbols) // (_LEAD + 2)))
    length = len(symbols) // streams
    lead = max(1, min(_LEAD, length // 2))
    bits = model.bits_per_character(symbols, streams=streams, lead=lead)
    return HeldOut(bits, streams * (length - 1 - lead))


def train_and_save(
    model: CharacterModel,
    path: str | Path,
    symbols,
    updates: int,
    *,
    save_seconds: float = _SAVE_SECONDS,
    progress: bool = True,
) -> int:
    """Train a model and keep it in `path`; return how many updates were made.

    It is saved every few seconds and at the end. Ctrl-C ends the training after the update that
    is being made, and saves; a killed process loses the seconds since the last save. A session
    that goes on makes the same numbers as one that was never interrupted.

    Raises
    ------
    FloatingPointError
        If the loss is not finite; the file is as it was last saved.
    """
    before, saved = model.updates, time.monotonic()
    with (
        _interrupts() as interrupted,
        tqdm(total=updates, unit="update", disable=not progress) as bar,
    ):

        def after(loss: float) -> bool:
            nonlocal saved
            bar.set_postfix(loss=f"{loss:.3f}", refresh=False)
            bar.update()
            if time.monotonic() - saved > save_seconds:
                model.save(path)
                saved = time.monotonic()
            return interrupted.is_set()

        model.train(symbols, updates, after=after)
        model.save(path)
    return model.updates - before


class _interrupts:
    """While entered, the first Ctrl-C sets an event; a second one interrupts as usual."""

    def __enter__(self) -> threading.Event:
        self.event, self.before = threading.Event(), None
        if threading.current_thread() is threading.main_thread():
            self.before = signal.signal(signal.SIGINT, self._note)
        return self.event

    def _note(self, number, frame):
        self.event.set()
        signal.signal(signal.SIGINT, self.before)

    def __exit__(self, *_):
        if self.before is not None:
            signal.signal(signal.SIGINT, self.before)
        return False
