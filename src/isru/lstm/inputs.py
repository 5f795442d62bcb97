"""Checks of what a user passes to a network: each error says what was expected and what came."""

from __future__ import annotations

import numbers
from collections.abc import Collection, Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from isru.activations import Activation
from isru.arrays import read_array as read_array
from isru.registry import registered

_INTEGERS = "iu"
_REALS = "fiub"


def in_dtype(name: str, array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Return an array of numbers in a network's dtype, in which all of them are finite.

    Raises
    ------
    ValueError
        For what is no real number, and for one that is not finite in that dtype.
    """
    if array.dtype == dtype:
        check_finite(name, array)
        return array
    _check_real(name, array)
    with np.errstate(over="ignore", under="ignore"):
        cast = array.astype(dtype)
    check_finite(name, cast, array)
    return cast


def _check_real(name: str, array: np.ndarray) -> None:
    if array.dtype.kind not in _REALS:
        hint = ": make one array of floats of it" if array.dtype.kind == "O" else ""
        raise ValueError(f"{name}: expected real numbers, got {array.dtype}{hint}")


def check_sequence(
    x: ArrayLike, input_size: int, dtype: np.dtype | None = None, symbols: bool | None = None
) -> np.ndarray:
    """Return `x` as an array (B, T, F) of real numbers in `dtype`, or (B, T) of symbols.

    Parameters
    ----------
    x : array_like
    input_size : int
    dtype : dtype, optional
        None leaves numbers as they are.
    symbols : bool, optional
        Whether integers (B, T) are symbols. None takes them for symbols unless they could be one
        sequence of one-hot rows as well.

    Raises
    ------
    ValueError
        For another shape or type, an empty batch, no time step, masked elements, a number that is
        not finite in `dtype`, a symbol outside 0 to F - 1, or integers that can be either.
    """
    x = read_array("x", x)
    _check_real("x", x)
    integers = x.ndim == 2 and x.dtype.kind in _INTEGERS and symbols is not False
    if not integers and (x.ndim != 3 or x.shape[2] != input_size):
        raise ValueError(
            f"x: expected shape (B, T, {input_size}), or (B, T) of integers, "
            f"got {x.shape} of {x.dtype}"
        )
    if not x.size:
        raise ValueError(f"x: expected at least one sequence and one time step, got {x.shape}")
    if not integers:
        return in_dtype("x", x, x.dtype if dtype is None else dtype)
    if not symbols:
        _check_not_one_hot(x, input_size)
    check_range("x", x, input_size, "symbols")
    return x


def takes_symbols(x: object, input_size: int) -> bool | None:
    """Return whether a whole data set is symbols, decided once for all of its batches.

    None where it is no array, so that each batch has to tell.

    Raises
    ------
    ValueError
        For integers (N, F) whose rows are all one-hot.
    """
    if not isinstance(x, np.ndarray):
        return None
    symbols = x.ndim == 2 and x.dtype.kind in _INTEGERS
    if symbols:
        _check_not_one_hot(x, input_size)
    return symbols


def _check_not_one_hot(x: np.ndarray, input_size: int) -> None:
    """Refuse (B, T) integers that could as well be the one-hot rows (T, F) of one sequence."""
    if x.shape[1] != input_size or not x.size or x.min() < 0 or x.max() != 1:
        return
    if (x.sum(axis=1) == 1).all():
        raise ValueError(
            f"x: expected (B, T, {input_size}), or (B, T) of symbols, got integers of shape "
            f"{x.shape} that can be either, since every row is one-hot: pass x[None] for one "
            "sequence of one-hot rows, or symbols=True for sequences of symbols"
        )


def check_state(
    state: Sequence | None, batch: int, hidden_sizes: Sequence[int], dtype: np.dtype
) -> list:
    """Return one pair (h, c) in `dtype`, or None, for each layer.

    Raises
    ------
    ValueError
        If there is not one pair for each layer, a shape is not (B, H), or a number is masked or
        not finite in `dtype`.
    """
    if state is None:
        return [None] * len(hidden_sizes)
    state = _listed("state", state)
    if len(state) != len(hidden_sizes):
        raise ValueError(f"state: expected {len(hidden_sizes)} pairs (h, c), got {len(state)}")
    checked = []
    for number, (pair, units) in enumerate(zip(state, hidden_sizes, strict=True)):
        name = f"state of layer {number}"
        pair = [read_array(name, array) for array in _listed(name, pair)]
        shapes = [array.shape for array in pair]
        if shapes != [(batch, units)] * 2:
            raise ValueError(f"{name}: expected h and c of shape ({batch}, {units}), got {shapes}")
        checked.append([in_dtype(name, array, dtype) for array in pair])
    return checked


def _listed(name: str, value) -> list:
    try:
        return list(value)
    except TypeError:
        raise ValueError(f"{name}: expected a sequence, got {type(value).__name__}") from None


def check_target(target: ArrayLike, shape: tuple, loss: str, dtype: np.dtype) -> np.ndarray:
    """Return the target of a loss for outputs of `shape`.

    Raises
    ------
    ValueError
        For another shape, masked elements, a number that is not finite in `dtype`, or a class
        outside 0 to C - 1.
    """
    target = read_array("target", target)
    if loss == "cross_entropy":
        if target.shape != shape[:-1] or target.dtype.kind not in _INTEGERS:
            raise ValueError(
                f"target: expected integer classes of shape {shape[:-1]}, "
                f"got {target.shape} of {target.dtype}"
            )
        check_range("target", target, shape[-1], "classes")
        return target
    if target.shape != shape or target.dtype.kind not in _REALS:
        raise ValueError(
            f"target: expected real numbers of shape {shape}, got {target.shape} of {target.dtype}"
        )
    return in_dtype("target", target, dtype)


def check_masks(
    masks: Sequence | None, shape: tuple[int, ...], hidden_sizes: Sequence[int], dtype: np.dtype
) -> list[np.ndarray | None]:
    """Return one dropout mask (T, B, H) or None for each layer, given (B, T) as `shape`.

    Raises
    ------
    ValueError
        If there is not one for each layer, one cannot be broadcast to (B, T, H), or a number is
        masked or not finite in `dtype`.
    """
    if masks is None:
        return [None] * len(hidden_sizes)
    masks = _listed("masks", masks)
    if len(masks) != len(hidden_sizes):
        raise ValueError(
            f"masks: expected one for each of {len(hidden_sizes)} layers, got {len(masks)}"
        )
    checked: list[np.ndarray | None] = []
    for number, (mask, units) in enumerate(zip(masks, hidden_sizes, strict=True)):
        if mask is None:
            checked.append(None)
            continue
        name, wanted = f"mask of layer {number}", (*shape, units)
        mask = in_dtype(name, read_array(name, mask), dtype)
        try:
            checked.append(np.broadcast_to(mask, wanted).swapaxes(0, 1))
        except ValueError:
            raise ValueError(
                f"{name}: expected a shape that broadcasts to {wanted}, got {mask.shape}"
            ) from None
    return checked


def check_finite(name: str, array: np.ndarray, given: np.ndarray | None = None) -> None:
    """Raise a ValueError if `array` holds NaN or infinity; it names the first place.

    With `given`, the array as it came, the message quotes its number and names the dtype that
    cannot hold it.
    """
    finite = np.isfinite(array)
    if not finite.all():
        place = tuple(int(index) for index in np.argwhere(~finite)[0])
        number = (array if given is None else given)[place]
        within = f" in {array.dtype}" if np.isfinite(number) else ""
        raise ValueError(
            f"{name}: expected finite numbers{within}, got {number!s} at index {place} "
            f"({np.count_nonzero(~finite)} such elements)"
        )


def check_range(name: str, array: np.ndarray, count: int, what: str) -> None:
    """Raise a ValueError if integers are not all from 0 to below `count`."""
    low, high = int(array.min()), int(array.max())
    if low < 0 or high >= count:
        raise ValueError(f"{name}: expected {what} from 0 to {count - 1}, got {low} to {high}")


def check_size(name: str, value: object) -> int:
    """Return `value` if it is an integer of at least 1; else raise a ValueError."""
    if not isinstance(value, numbers.Integral) or isinstance(value, bool) or int(value) < 1:
        raise ValueError(f"{name}: expected an integer of at least 1, got {value!r}")
    return int(value)


def check_sizes(name: str, values: int | Iterable[int]) -> tuple[int, ...]:
    """Return one or several sizes as a tuple; raise a ValueError for none, or a bad one."""
    given = (values,) if isinstance(values, numbers.Integral) else _listed(name, values)
    sizes = tuple(check_size(name, size) for size in given)
    if not sizes:
        raise ValueError(f"{name}: expected at least one layer, got none")
    return sizes


def check_choice(name: str, value: object, known: Collection[str]) -> str:
    """Return `value` if it is one of `known`; else raise a ValueError that lists them."""
    if not isinstance(value, str) or value not in known:
        raise ValueError(f"{name}: expected one of {sorted(known)}, got {value!r}")
    return value


def check_dtype(dtype: DTypeLike) -> np.dtype:
    """Return float32 or float64 as a dtype; raise a ValueError for any other."""
    try:
        name: object = np.dtype(dtype).name
    except TypeError:
        name = dtype
    return np.dtype(check_choice("dtype", name, ("float32", "float64")))


def check_gate_activation(activation: str | Activation) -> Activation:
    """Return the registry's entry of a function into [0, 1]; raise a ValueError for another."""
    entry = registered(activation)
    low, high = entry.range
    if low < 0 or high > 1:
        raise ValueError(
            f"recurrent_activation: expected a function into [0, 1], such as 'sigmoid', "
            f"got {entry.name!r} with range ({low:g}, {high:g})"
        )
    return entry
