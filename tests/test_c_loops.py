"""The loops in C compute what they say, and the original's procedure runs in its own process."""

import ctypes
import sys

import numpy as np
import pytest

from isru.bench import c_loops
from isru.bench.activation_arms import draw

pytestmark = pytest.mark.slow

X = {
    "baseline": lambda x, y: x,
    "plus": np.add,
    "minus": np.subtract,
    "mult": np.multiply,
    "div": np.divide,
    "sqrt": lambda x, y: np.sqrt(x),
    "log": lambda x, y: np.log(x),
    "exp": lambda x, y: np.exp(x),
    "softsign": lambda x, y: x / (1 + np.abs(x)),
    "leaky_relu": lambda x, y: np.where(x < 0, 0.01 * x, x),
    "relu": lambda x, y: np.maximum(x, 0),
    "elu": lambda x, y: np.where(x < 0, np.expm1(x), x),
    "sigmoid": lambda x, y: 1 / (1 + np.exp(-x)),
    "tanh": lambda x, y: np.tanh(x),
    "isru": lambda x, y: x / np.sqrt(1 + x * x),
    "rsqrt": lambda x, y: x**-0.5,
}
CASE = {"size": 40, "input": "typical"}


@pytest.fixture(scope="module")
def libraries(tmp_path_factory):
    return c_loops.build_forms(tmp_path_factory.mktemp("loops"))


def drawn(dtype, name):
    rng = np.random.default_rng(1)
    x, y = (draw(rng, 40, dtype, "typical").astype("float64") for _ in range(2))
    return (np.abs(x), np.abs(y)) if name in c_loops.POSITIVE else (x, y)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("form", c_loops.FLAGS)
def test_every_loop_computes_its_operation(libraries, form, dtype):
    for name in ("rsqrt",) if form != "libm" else X:
        rng = np.random.default_rng(1)
        library = libraries[form]
        found = c_loops.c_loop(rng=rng, dtype=dtype, name=name, library=library, **CASE)()
        tolerance = 1e-5 if dtype == "float32" else 1e-12
        assert found.dtype == dtype
        assert np.allclose(found, X[name](*drawn(dtype, name)), rtol=tolerance, atol=0), name


def test_a_chain_feeds_each_value_into_the_next(libraries):
    call = c_loops.c_loop(
        rng=np.random.default_rng(1),
        dtype="float64",
        name="isru",
        library=libraries["libm"],
        loop="chain",
        **CASE,
    )
    s = 0.0
    for x in drawn("float64", "isru")[0]:
        s = (x + s) / np.sqrt(1 + (x + s) ** 2)
    assert call()[0] == pytest.approx(s, rel=1e-12)


def test_a_loop_that_does_not_exist_is_refused(libraries):
    arguments = {"rng": np.random.default_rng(1), "dtype": "float32", "library": libraries["libm"]}
    with pytest.raises(ValueError, match="got 'chain' of 'log'"):
        c_loops.c_loop(name="log", loop="chain", **arguments, **CASE)


def test_the_originals_procedure_times_every_operation_once_a_process(libraries):
    runs = c_loops.original_runs(libraries["libm"], "float32", calls=100, processes=2)
    assert len(runs) == 2
    assert all(list(run) == list(c_loops.OPERATIONS) for run in runs)
    assert all(ns > 0 for run in runs for ns in run.values())


def test_loading_them_does_not_take_subnormals_from_the_process(libraries):
    """A library linked by -ffast-math would: every arm beside it would compute otherwise."""
    for library in libraries.values():
        ctypes.CDLL(library)
    assert np.float32(2e-38) * np.float32(0.01) > 0


def test_there_are_the_originals_fifteen_operations():
    assert len(c_loops.OPERATIONS) == 15


def test_a_failing_compiler_says_what_it_said(tmp_path):
    failing = [sys.executable, "-c", "import sys; sys.exit('no such processor')"]
    with pytest.raises(RuntimeError, match="no such processor"):
        c_loops.build(tmp_path, "libm", failing)
