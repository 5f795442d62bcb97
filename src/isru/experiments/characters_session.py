"""Training at the terminal: from a file, saved as it goes, ended by Ctrl-C without a loss."""

from __future__ import annotations

import importlib.util
import signal
import threading
import time
from pathlib import Path

from tqdm import tqdm

from isru.data.text import KJV, Alphabet, read_text, split
from isru.experiments.characters_model import CharacterModel

DEFAULTS = {"layers": 1, "units": 64, "activation": "isru", "learning_rate": 1e-2, "seed": 0}
_SAVE_SECONDS = 10.0


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
        If a setting is given for a model that exists, or its alphabet lacks a character of the
        text; and as `CharacterModel.load` and `read_text`.
    """
    text = read_text(source)
    found = next((Path(file) for file in (path, start) if file and Path(file).is_file()), None)
    if found is None and start is None:
        model = _new(Alphabet.of(text), **{**DEFAULTS, **settings})
    else:
        if settings:
            raise ValueError(
                f"{', '.join(settings)}: expected nothing but a text and a number of updates for "
                f"the model in {found or start}, which has its settings; name another file to "
                "begin a new model"
            )
        model = CharacterModel.load(found or start, engine=fastest_engine())
    return model, split(model.alphabet.encode(text), validation=0.05, test=0.1)


def _new(alphabet, *, layers, units, activation, learning_rate, seed):
    return CharacterModel.new(
        alphabet,
        [units] * layers,
        activation=activation,
        engine=fastest_engine(),
        seed=(seed, 0),
        learning_rate=learning_rate,
    )


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
