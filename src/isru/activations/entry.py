"""What one activation is: its formula, its forms, and what is promised about them.

The promises are part of the interface: range, smoothness, domain, and per dtype the largest
error of the value in ULP (units in the last place of the exact result).

A form that an entry does not bring (NumPy's, Keras's, ONNX's, C's, the compiled loop, SymPy's) is
its formula, computed with the operations of that library, and its own formula of the derivative.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from isru.activations.formula import ARITHMETIC, Expression, evaluate, expression, folded
from isru.activations.formula import clip as clipped
from isru.activations.formula import name as variable
from isru.activations.registry import FOUND, note_use, noted_as

try:  # np.clip reaches this ufunc through 2 us of Python, more than a small array takes
    from numpy._core.umath import clip  # type: ignore[attr-defined]
except ImportError:
    clip = np.clip

DTYPES = ("float16", "float32", "float64")

_EVERYWHERE = dict.fromkeys(DTYPES, (-math.inf, math.inf))

# float16 is computed in float32 and rounded once: three times faster than float16 arithmetic,
# which NumPy converts at every step, correct to half a ULP, and x*x cannot overflow.
FLOAT16 = np.dtype(np.float16)

_NUMPY: dict[str, Callable] = ARITHMETIC | {
    "sqrt": np.sqrt,
    "exp": np.exp,
    "expm1": np.expm1,
    "log1p": np.log1p,
    "tanh": np.tanh,
    "minimum": np.minimum,
    "maximum": np.maximum,
    "where": np.where,
    "constant": float,
}


@dataclass(frozen=True)
class CText:
    """What is to be said of an activation in C.

    Attributes
    ----------
    comment : str
        For the generated source: what it is and where it holds.
    ulp : float
        Largest distance to the definition on ``domain``, in units in the last place of the
        result, or of 1 where a sum ``absolute``-ly cancels (a gate's left tail).
    body : callable or str, optional
        The text of ``float f(float x)`` after its first brace, in which ``SQRTF`` and ``FABSF``
        stand for the compiler's own; a callable gets a function that writes a number, and the
        parameters. Without it the body is derived from the formula.
    domain : tuple of float
    tables : mapping
        Name -> float32 array that the body reads.
    """

    comment: str
    ulp: float
    body: Callable[..., str] | str = ""
    domain: tuple[float, float] = (-math.inf, math.inf)
    absolute: bool = False
    tables: Mapping[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Activation:
    """One activation function, for any array (`value`) and for networks (`forward`).

    Attributes
    ----------
    name : str
        Its key in ``ACTIVATIONS``.
    description : str
        One line with the formula and its source.
    label : str
        Its name in tables and figures; by default the name with spaces.
    place : float
        Where it stands in tables; those without a place come last, by name.
    formula : callable, optional
        ``formula(x, **parameters)`` on expressions (`isru.activations.formula`). An algorithm,
        such as a table, has none.
    gradient : callable, optional
        ``gradient(x, y, **parameters)``: the derivative as a formula in x and y = f(x); in y
        alone where ``saves_output``.
    flat_from : float
        From this |x| on the function has its limit in every dtype. Forms that are derived
        compute the formula there, so that it need not hold where a square overflows.
    range : tuple of float
        Infimum and supremum of the exact function.
    smoothness : float
        How many derivatives are continuous on the whole line (``math.inf`` for all; -1 for a
        function that jumps).
    odd : bool
        Whether f(-x) = -f(x), bit for bit.
    ulp : Mapping[str, float]
        dtype name -> largest error of `value` on its domain, in ULP of the exact result.
    domain : Mapping[str, tuple of float]
        dtype name -> the inputs for which ``ulp`` is promised.
    rises : bool
        Whether the exact function never falls. (A computed one may still fall by a unit of
        rounding; its certificate counts how often.)
    parameters : Mapping[str, float]
        The parameters of this member of the family, e.g. ``{"alpha": 1.0, "k": 1.0}``.
    saves_output : bool
        Whether `forward` saves y itself, so that no second buffer is needed.
    approximates : str
        The function that this one stands in for, or ``""``.
    error : float
        Largest absolute distance to that function, over all inputs.
    kernel, slope, careful : callable, optional
        The NumPy form: ``kernel(x, out, saved) -> (y, saved)`` and ``slope(saved, out)`` for
        networks, ``careful(x, out)`` for `value`, if another one is needed.
    keras : str or callable, optional
        Keras's own name of the function, or ``keras(tf, x, **parameters)`` on tensors.
    onnx : callable, optional
        ``onnx(graph, x, **parameters)``, from a tensor's name to that of the result.
    sympy : callable, optional
        ``sympy(sp, x)``, where the formula as it is computed is not the one to be read.
    c : CText, optional
    """

    name: str
    description: str
    range: tuple[float, float]
    smoothness: float
    odd: bool
    ulp: Mapping[str, float]
    label: str = ""
    place: float = math.inf
    formula: Callable | None = field(default=None, repr=False)
    gradient: Callable | None = field(default=None, repr=False)
    flat_from: float = math.inf
    kernel: Callable = field(default=None, repr=False)  # type: ignore[assignment]  # then derived
    slope: Callable = field(default=None, repr=False)  # type: ignore[assignment]
    careful: Callable | None = field(default=None, repr=False)
    domain: Mapping[str, tuple[float, float]] = field(default_factory=lambda: dict(_EVERYWHERE))
    rises: bool = True
    parameters: Mapping[str, float] = field(default_factory=dict)
    family: Callable | None = field(default=None, repr=False)
    saves_output: bool = False
    widens_float16: bool = True
    approximates: str = ""
    error: float = 0.0
    keras: str | Callable | None = field(default=None, repr=False)
    onnx: Callable | None = field(default=None, repr=False)
    sympy: Callable | None = field(default=None, repr=False)
    c: CText | None = field(default=None, repr=False)

    def __post_init__(self):
        in_numpy = self.kernel is not None and self.slope is not None
        if not (self.has_formula or in_numpy):
            raise ValueError(
                f"{self.name}: expected formula and gradient, or kernel and slope in NumPy"
            )
        own: dict[str, Any] = {"kernel": self._derived_kernel, "slope": self._derived_slope}
        for form, derived in own.items():
            given = getattr(self, form)
            # A copy with a change somewhere is given the derived form of its original.
            if given is None or getattr(given, "__func__", None) is derived.__func__:
                object.__setattr__(self, form, derived)
        if not self.label:
            object.__setattr__(self, "label", self.name.replace("_", " "))

    def value(self, x: ArrayLike, out: np.ndarray | None = None) -> Any:
        """Return f(x), right for every input.

        Parameters
        ----------
        x : array_like of real numbers
            Any shape. float16, float32 and float64 keep their type, integers become float64.
        out : ndarray, optional
            Where to put the result; the shape of ``x`` and the dtype of the result. May be ``x``.

        Returns
        -------
        ndarray or NumPy scalar
            A scalar for a scalar; a masked array, with the mask of ``x``, for a masked array.

        Raises
        ------
        TypeError
            If ``x`` is complex, text, an object array or of another type that has no such
            function, if ``out`` is no array of the result's dtype, or if one of the two has a
            mask and ``out`` is given.
        ValueError
            If ``out`` has another shape.

        Examples
        --------
        >>> from isru import ACTIVATIONS, isru
        >>> isru([0.0, 1.0])
        array([0.        , 0.70710678])
        >>> isru(np.float32(1e30)), ACTIVATIONS["tanh"].value(-np.inf)
        (np.float32(1.0), np.float64(-1.0))
        """
        note_use(self.noted_as)
        if isinstance(x, np.ma.MaskedArray):
            return masked_result(self.value, x, out)
        x = real_array(x)
        check_out(out, x)
        lines = np.atleast_1d(x)
        target = None if out is None else np.atleast_1d(out)
        with np.errstate(all="ignore"):  # overflow and underflow on the way are no news
            y = self._widened(self.careful or self._first, lines, target)
        if out is not None:
            return out
        return y if x.ndim else y[0]

    def forward(
        self, x: np.ndarray, out: np.ndarray | None = None, saved: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return f(x) and what `derivative` needs of it, unchecked, for network code.

        Parameters
        ----------
        x : ndarray of float16, float32 or float64, at least one-dimensional
        out : ndarray, optional
            For y; may be ``x``.
        saved : ndarray, optional
            For what is saved; not ``x`` or ``out``. Left alone where ``saves_output``.

        Returns
        -------
        y, saved : ndarray
            ``saved`` is ``y`` where ``saves_output``.

        Notes
        -----
        May differ from `value` by some units of rounding at the size of the range: networks
        need the absolute error small, `value` keeps the relative one.

        Examples
        --------
        >>> from isru import ACTIVATIONS
        >>> y, saved = ACTIVATIONS["tanh"].forward(np.array([0.0, 1.0]))
        >>> ACTIVATIONS["tanh"].derivative(saved).round(4)  # 1 - y^2
        array([1.  , 0.42])
        """
        if x.dtype != FLOAT16 or not self.widens_float16:
            return self.kernel(x, out, saved)
        y, wide = self.kernel(x.astype(np.float32), None, None)
        y_half = _narrow(y, out)
        return y_half, y_half if self.saves_output else _narrow(wide, saved)

    def derivative(self, saved: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Return f'(x) from what `forward` saved; ``out`` must not be ``saved``.

        At a kink it is the value from the side of smaller slope.
        """
        if saved.dtype != FLOAT16:
            return self.slope(saved, out)
        return _narrow(self.slope(saved.astype(np.float32), None), out)

    @property
    def module(self) -> str:
        """The name of the module that defines it."""
        return (self.formula or self.kernel).__module__

    @property
    def has_formula(self) -> bool:
        """Whether forms can be derived from it."""
        return self.formula is not None and self.gradient is not None

    @cached_property
    def trees(self) -> tuple[Expression, Expression]:
        """Value and derivative as trees of "x" and the parameters; of "y" if `saves_output`."""
        return self._trees_of(variable("x"))

    @cached_property
    def safe_trees(self) -> tuple[Expression, Expression]:
        """The same, for arithmetic in which a square overflows: x is clipped to ``flat_from``."""
        if self.flat_from == math.inf:
            return self.trees
        end = Fraction(self.flat_from)
        return self._trees_of(clipped(variable("x"), -end, end))

    @cached_property
    def numeric_trees(self) -> tuple[Expression, Expression]:
        """The safe ones, with numbers in place of the parameters."""
        y, slope = self.safe_trees
        return folded(y, self.parameters), folded(slope, self.parameters)

    def _trees_of(self, x: Expression) -> tuple[Expression, Expression]:
        if self.formula is None or self.gradient is None:
            raise ValueError(f"{self.name}: expected an activation with a formula")
        parameters = {name: variable(name) for name in self.parameters}
        y = expression(self.formula(x, **parameters))
        saved = variable("y") if self.saves_output else y
        return y, expression(self.gradient(x, saved, **parameters))

    def with_parameters(self, **parameters: float) -> Activation:
        """Return the same function with other parameters, e.g. ``alpha=2/3``.

        Raises
        ------
        TypeError
            If there is no such parameter.
        ValueError
            If a parameter is out of its range.

        Examples
        --------
        >>> from isru import ACTIVATIONS
        >>> round(float(ACTIVATIONS["isru"].with_parameters(alpha=4.0).value(1e9)), 6)
        0.5
        """
        unknown = sorted(set(parameters) - set(self.parameters))
        if unknown:
            known = ", ".join(self.parameters) or "none"
            raise TypeError(f"{self.name} has no parameter {unknown[0]!r}; it has: {known}")
        if not parameters or self.family is None:
            return self
        return self.family(**{**self.parameters, **parameters})

    @cached_property
    def noted_as(self) -> str:
        """The name under which a run notes that it uses this, "" for one of another package."""
        return noted_as(self.module)

    def _first(self, x, out):
        return self.kernel(x, out, None)[0]

    def _derived_kernel(self, x, out, saved):
        if not self.saves_output:
            saved = np.positive(x, out=saved)
        y = _evaluated(self.numeric_trees[0], x, out)
        clip(y, *self.range, out=y)  # a rounding could leave it
        return y, y if self.saves_output else saved

    def _derived_slope(self, saved, out):
        return _evaluated(self.numeric_trees[1], saved, out)

    def _widened(self, function, x, out):
        if x.dtype != FLOAT16 or not self.widens_float16:
            return function(x, out)
        return _narrow(function(x.astype(np.float32), None), out)

    def __reduce__(self):
        return _restore, (self.name, dict(self.parameters))


def masked_result(function: Callable, x: np.ma.MaskedArray, out) -> np.ma.MaskedArray:
    """Return ``function`` of the data of a masked array, under a copy of its mask.

    Raises
    ------
    TypeError
        If ``out`` is given: it could not take the mask.
    """
    if out is not None:
        raise TypeError(
            "expected no out for a masked array, whose result carries a mask of its own"
        )
    return np.ma.array(function(x.data), mask=np.ma.getmaskarray(x).copy())


def real_array(x) -> np.ndarray:
    """Return ``x`` as an array of float16, float32 or float64 in native byte order.

    Raises
    ------
    TypeError
        For complex numbers, text, objects, dates and extended precision.
    """
    x = np.asarray(x)
    if x.dtype.kind in "iub":
        return x.astype(np.float64)
    if x.dtype.kind == "f" and x.dtype.itemsize <= 8:
        return x.astype(x.dtype.newbyteorder("="), copy=False)
    raise TypeError(f"expected real numbers ({', '.join(DTYPES)} or integers), got {x.dtype} data")


def check_out(out, x: np.ndarray) -> None:
    """Refuse an ``out`` that is not an array like ``x``."""
    if out is None:
        return
    if not isinstance(out, np.ndarray) or isinstance(out, np.ma.MaskedArray):
        raise TypeError(f"expected out to be a plain NumPy array, got {type(out).__name__}")
    if out.dtype != x.dtype:
        raise TypeError(f"expected out of dtype {x.dtype}, as the result, got {out.dtype}")
    if out.shape != x.shape:
        raise ValueError(f"expected out of shape {x.shape}, as x, got {out.shape}")


def parameter(name: str, value, low: float, high: float) -> float:
    """Return a parameter as a float in [low, high].

    Raises
    ------
    TypeError
        If it is no real number.
    ValueError
        If it is NaN or out of range.
    """
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"expected {name} to be one real number, got {value!r}") from None
    if not low <= number <= high:
        raise ValueError(f"expected {name} between {low:g} and {high:g}, got {number:g}")
    return number


def tolerance(float16: float, float32: float, float64: float) -> Mapping[str, float]:
    """Return the stated ULP per dtype."""
    return MappingProxyType(dict(zip(DTYPES, (float16, float32, float64), strict=True)))


def _evaluated(tree: Expression, x: np.ndarray, out) -> np.ndarray:
    """Compute a tree of one name, in the dtype and shape of ``x``."""
    out = np.empty_like(x) if out is None else out
    with np.errstate(all="ignore"):
        np.copyto(out, evaluate(tree, _NUMPY, x=x, y=x), casting="same_kind")
    return out


def choose(mask, inside, outside, like, out):
    """Return ``inside`` where the mask holds, else ``outside``, in the dtype of ``like``."""
    y = np.where(mask, inside, outside).astype(like.dtype, copy=False)
    if out is None:
        return y
    np.copyto(out, y)
    return out


def step(mask, like, out, inside=1.0):
    """Return ``inside`` where the mask holds and 0 elsewhere, in the dtype of ``like``."""
    return np.multiply(mask, like.dtype.type(inside), out=out)


def _narrow(wide: np.ndarray, out) -> np.ndarray:
    """Round float32 to float16, into ``out`` if given."""
    if out is None:
        return wide.astype(np.float16)
    np.copyto(out, wide, casting="same_kind")
    return out


def _restore(name: str, parameters: dict[str, float]) -> Activation:
    """Rebuild an entry that was pickled, from the registry."""
    if name not in FOUND:
        raise ValueError(f"expected an activation of: {', '.join(FOUND)}; got {name!r}")
    entry = FOUND[name].with_parameters(**parameters)
    note_use(entry.noted_as)
    return entry
