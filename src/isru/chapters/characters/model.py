"""A character model that is trained on, sampled from, saved and taken up again.

A network, the alphabet it reads, and where its training stands: one object in memory, one file on
disk. The file is an ordinary network file, too: `isru.lstm.LSTMNetwork.load` opens it.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from isru.data.text import Alphabet
from isru.lstm import LOSSES, Adam, CheckpointError, LSTMNetwork, sample, train_step
from isru.lstm.archives import Archive
from isru.lstm.checkpoints import (
    check_count,
    check_moments,
    field,
    network_arrays,
    told_of,
    write_archive,
)
from isru.lstm.inputs import check_finite, check_size

VERSION = 1
_SETTINGS = ("window", "batch", "clip_norm")
_NUMBERS = ("learning_rate", "clip_norm")
_ENTRY = "characters"  # of the file: what is not a network, as JSON


class CharacterModel:
    """A stacked LSTM that predicts the next character, trained window by window.

    The text is cut into `batch` pieces of equal length; an update reads the next `window`
    characters of each. The state is carried from window to window and starts from zero only where
    the pieces begin again, so that the model sees further back than its gradient does.

    Parameters
    ----------
    network : LSTMNetwork
        With an output for every step, as many inputs and outputs as the alphabet has characters.
    alphabet : Alphabet
    learning_rate : float
        Of Adam.
    window, batch : int
        T and B of an update.
    clip_norm : float
        Limit for the norm of the gradient.

    Attributes
    ----------
    optimizer : Adam
    state : list of (h, c) or None
        Where the text is read from next, with ``window_number``.
    """

    def __init__(
        self,
        network: LSTMNetwork,
        alphabet: Alphabet,
        *,
        learning_rate: float = 3e-3,
        window: int = 100,
        batch: int = 1,
        clip_norm: float = 5.0,
    ):
        wanted = len(alphabet), len(alphabet), True
        got = network.input_size, network.output_size, network.return_sequences
        if wanted != got:
            raise ValueError(
                f"network: expected inputs, outputs and return_sequences of {wanted}, got {got}"
            )
        self.network, self.alphabet = network, alphabet
        self.optimizer = Adam(learning_rate)
        self.window, self.batch = check_size("window", window), check_size("batch", batch)
        self.clip_norm = clip_norm
        self.state, self.window_number, self._digest = None, 0, ""

    @classmethod
    def new(
        cls,
        alphabet: Alphabet,
        hidden_sizes: Sequence[int],
        *,
        activation: object = "tanh",
        recurrent_activation: object = "sigmoid",
        engine: str = "numpy",
        seed: int | Sequence[int] = 0,
        **training: float,
    ) -> CharacterModel:
        """Return an untrained model in float32; `training` as for the class.

        Networks of one seed start from equal weights, whatever their activation.
        """
        network = LSTMNetwork(
            len(alphabet),
            hidden_sizes,
            len(alphabet),
            activation=activation,
            recurrent_activation=recurrent_activation,
            return_sequences=True,
            engine=engine,
            rng=np.random.default_rng(seed),
        )
        return cls(network, alphabet, **training)

    @property
    def updates(self) -> int:
        """Return how many updates were made."""
        return self.optimizer.iteration

    @property
    def least(self) -> int:
        """Return how many characters a text to train on must have: a window for each piece."""
        return self.batch * (self.window + 1)

    def train(
        self,
        symbols: np.ndarray,
        updates: int,
        *,
        start: int = 0,
        after: Callable[[float], bool] | None = None,
    ) -> np.ndarray:
        """Make some updates, going on where the last call stopped.

        Parameters
        ----------
        symbols : ndarray of int, shape (n,)
            The text. Another one than before is read from its beginning, from the zero state.
        updates : int
        start : int
            Window of each piece to begin with, when the text is a new one.
        after : callable, optional
            Called with the loss after each update; True ends the training.

        Returns
        -------
        losses : ndarray
            Nats per character, of each update, before it.

        Raises
        ------
        ValueError
            If the text is too short for `batch` pieces of a window each.
        FloatingPointError
            If a loss is not finite. The weights are then of no use: load the file again.
        """
        pieces, windows = self._pieces(symbols)
        digest = hashlib.sha256(np.ascontiguousarray(symbols, np.int32)).hexdigest()
        if digest != self._digest:
            self._digest, self.state, self.window_number = digest, None, start
        losses = []
        with np.errstate(over="ignore", invalid="ignore"):
            for _ in range(updates):
                losses.append(self._update(pieces, windows))
                if after is not None and after(losses[-1]):
                    break
        return np.array(losses)

    def _pieces(self, symbols):
        length = len(symbols) // self.batch
        windows = (length - 1) // self.window
        if windows < 1:
            raise ValueError(f"text: expected at least {self.least} characters, got {len(symbols)}")
        return symbols[: length * self.batch].reshape(self.batch, length), windows

    def _update(self, pieces, windows):
        number = self.window_number % windows
        if number == 0:
            self.state = None
        first = number * self.window
        loss, state = train_step(
            self.network,
            self.optimizer,
            pieces[:, first : first + self.window],
            pieces[:, first + 1 : first + self.window + 1],
            "cross_entropy",
            state=self.state,
            clip_norm=self.clip_norm,
            symbols=True,
        )
        if not (math.isfinite(loss) and _finite(state)):
            raise FloatingPointError(
                f"expected a finite loss, got {loss} in update {self.updates}: lower the "
                "learning rate, and go on from the model as it was last saved"
            )
        self.state, self.window_number = state, number + 1
        return loss

    # ---- use

    def bits_per_character(
        self, symbols: np.ndarray, *, streams: int = 32, lead: int = 50
    ) -> float:
        """Return the mean cross-entropy on a text, in bits per character.

        The text is read as `streams` pieces at once; what each one's first `lead` characters
        cost is not counted, as there is nothing to predict them from. Infinite where a state or
        an output overflows.

        Raises
        ------
        ValueError
            If the pieces are not longer than `lead` and one character more.
        """
        length = len(symbols) // streams
        if length < lead + 2:
            raise ValueError(
                f"text: expected at least {streams * (lead + 2)} characters for {streams} "
                f"streams, got {len(symbols)}"
            )
        pieces = symbols[: streams * length].reshape(streams, length)
        state, total = None, 0.0
        with np.errstate(over="ignore", invalid="ignore"):
            for first in range(0, length - 1, lead):
                last = min(first + lead, length - 1)
                y, state = self.network.forward(pieces[:, first:last], state, symbols=True)
                if not (np.isfinite(y).all() and _finite(state)):
                    return math.inf
                if first:
                    loss = LOSSES["cross_entropy"](y, pieces[:, first + 1 : last + 1])[0]
                    total += loss * (last - first)
        return total / (length - 1 - lead) / math.log(2)

    def sample(
        self, length: int, *, prompt: str, temperature: float = 1.0, rng: np.random.Generator
    ) -> str:
        """Return `length` characters that follow a prompt, each drawn and then read.

        Raises
        ------
        ValueError
            For an empty prompt, one with characters that the model does not know, or as
            `isru.lstm.sample`.
        """
        if not prompt:
            raise ValueError("prompt: expected at least one character, got none")
        prompt, length = self.alphabet.encode(prompt, "prompt"), check_size("length", length)
        drawn = sample(self.network, length, prompt=prompt, temperature=temperature, rng=rng)
        return self.alphabet.decode(drawn)

    # ---- on disk

    def save(self, path: str | Path) -> None:
        """Write everything to `path` (.npz), whole or not at all.

        Raises
        ------
        ValueError
            If a number is not finite, as after a training that diverged: it could not be loaded.
        """
        about = {
            "version": VERSION,
            "alphabet": self.alphabet.characters,
            "learning_rate": self.optimizer.learning_rate,
            **{name: getattr(self, name) for name in _SETTINGS},
            "updates": self.updates,
            "window_number": self.window_number,
            "text": self._digest,
            "state": self.state is not None,
        }
        arrays = {_ENTRY: np.array(json.dumps(about))} | network_arrays(self.network, path)
        if self.updates:
            moments = {"first": self.optimizer.first, "second": self.optimizer.second}
            check_moments(path, moments)
            arrays |= moments
        for layer, pair in enumerate(self.state or ()):
            for name, x in zip("hc", pair, strict=True):
                check_finite(f"{path}: state of layer {layer}", x)
                arrays[f"state_{layer}_{name}"] = x
        write_archive(path, arrays)

    @classmethod
    def load(cls, path: str | Path, *, engine: str = "numpy") -> CharacterModel:
        """Read a model that :meth:`save` wrote, to train on or to sample from.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        CheckpointError
            If it is damaged, or holds something else.
        """
        if not Path(path).is_file():
            raise FileNotFoundError(f"no model {path}: expected a file of 'train-characters'")
        network = LSTMNetwork.load(path, engine=engine)
        with told_of(path):
            archive = Archive(path, "model")
            if _ENTRY not in archive.stated:
                raise CheckpointError(
                    f"{path}: expected a character model, got a network without an alphabet: name "
                    "a file that 'train-characters' wrote, or models/07-*.npz of a run"
                )
            about = archive.json(_ENTRY)
            if about.get("version") != VERSION:
                got = about.get("version")
                raise CheckpointError(f"{path}: expected version {VERSION} of a model, got {got}")
            training = {name: check_count(path, about, name, 1) for name in ("window", "batch")}
            training |= {name: _number(path, about, name) for name in _NUMBERS}
            model = cls(network, Alphabet(field(path, about, "alphabet", str)), **training)
            model._take_up(archive, about)
        return model

    def _take_up(self, archive: Archive, about: dict) -> None:
        """Read where the training stood."""
        path, parameters = archive.path, self.network.parameters
        self.window_number = check_count(path, about, "window_number")
        self._digest = field(path, about, "text", str)
        self.optimizer.iteration = check_count(path, about, "updates")
        if self.updates:
            like = parameters.shape, parameters.dtype
            moments = {name: archive.array(name, *like) for name in ("first", "second")}
            check_moments(path, moments)
            self.optimizer.first, self.optimizer.second = moments.values()
        # Files of earlier versions do not say whether they hold a state.
        if about.get("state", "state_0_h" in archive.stated):
            self.state = [
                tuple(
                    archive.array(f"state_{layer}_{name}", (self.batch, units), parameters.dtype)
                    for name in "hc"
                )
                for layer, units in enumerate(self.network.hidden_sizes)
            ]
            if not _finite(self.state):
                raise CheckpointError(f"{path}: expected a finite state, got NaN or infinity")


def _number(path, about: dict, name: str) -> float:
    value = about.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise CheckpointError(f"{path}: expected {name} above 0, got {str(value)[:80]!r}")
    return value


def _finite(state) -> bool:
    return all(np.isfinite(array).all() for pair in state for array in pair)
