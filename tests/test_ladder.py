"""The ladder tanh(n asinh(x/n)): its laws hold, and what is wrong is not proved."""

import matplotlib
import mpmath as mp
import numpy as np
import pandas as pd
import pytest
import sympy as sp

from isru.activations import ACTIVATIONS
from isru.analysis import ladder
from isru.analysis.symbolic import FORMULAS, NotProved, numeric, prove_equal, x, y
from isru.chapters.frontier.ladder_page import Equations, ladder_figure
from isru.drawing.style import COLOURS

matplotlib.use("Agg")
pytestmark = pytest.mark.slow

RUNGS = (1, 2, 3, 4, 5)
FAR = mp.mpf(10) ** 6


def exact(n, place):
    return mp.tanh(n * mp.asinh(mp.mpf(place) / n))


@pytest.mark.parametrize("n", RUNGS)
def test_the_closed_form_is_the_definition(n):
    assert ladder.prove_rung(n) == [0, 0]
    for form in (ladder.rung(n), ladder.by_addition(n)):
        with mp.workdps(30):
            for place in (-7.5, -0.3, 0.8, 40):
                assert abs(numeric(form)(mp.mpf(place)) - exact(n, place)) < 1e-28


@pytest.mark.parametrize("n", [2, 3, 4])
def test_the_library_computes_the_rung_and_its_slope(n):
    entry = ACTIVATIONS[f"ladder{n}"]
    assert prove_equal(FORMULAS[entry.name], ladder.rung(n)) == 0
    places = np.linspace(-9, 9, 37)
    slope = entry.derivative(entry.forward(places)[1])
    with mp.workdps(40):
        wanted = [float(numeric(ladder.slope(n))(mp.mpf(place))) for place in places]
    np.testing.assert_allclose(slope, wanted, rtol=1e-14)


@pytest.mark.parametrize("n", RUNGS)
def test_every_rung_has_one_square_root(n):
    roots = {power for power in ladder.rung(n).atoms(sp.Pow) if not power.exp.is_integer}
    assert {root.base for root in roots} == {x**2 + n**2}


def test_a_rung_is_a_whole_number_from_one_on():
    for wrong in (0, -1, 2.5):
        with pytest.raises(ValueError, match="a rung 1, 2, 3"):
            ladder.rung(wrong)


def test_every_law_is_proved():
    assert set(ladder.laws().values()) == {0}


def test_a_wrong_rung_is_not_proved(monkeypatch):
    monkeypatch.setattr(ladder, "rung", lambda n: x / sp.sqrt(x**2 + n**2))
    with pytest.raises(NotProved):
        ladder.prove_rung(2)


@pytest.mark.parametrize("n", [0.5, 1, 2, 3.7])
def test_the_inverse_is_that_of_the_definition(n):
    with mp.workdps(30):
        back = numeric(ladder.inverse(n), y)
        for place in (mp.mpf("-2.5"), mp.mpf("0.4")):
            assert abs(back(exact(n, place)) - place) < 1e-13  # n is a float64


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_tails_are_algebraic_of_order_two_n(n):
    with mp.workdps(80):
        value, slope = ladder.tail(n)
        assert value == 2 * sp.Rational(n, 2) ** (2 * n) and slope == 2 * n * value
        assert (1 - exact(n, FAR)) * FAR ** (2 * n) == pytest.approx(float(value), rel=1e-9)
        steep = mp.diff(lambda a: exact(n, a), FAR) * FAR ** (2 * n + 1)
        assert steep == pytest.approx(float(slope), rel=1e-6)


def test_the_expansion_leaves_an_error_of_the_next_order():
    first, second = map(numeric, ladder.expansion())
    with mp.workdps(30):
        for n, place in ((64, mp.mpf("0.7")), (128, mp.mpf("1.9"))):
            gap = exact(n, place) - mp.tanh(place)
            rest = gap - first(place) / n**2 - second(place) / n**4
            assert abs(rest) < 1 / mp.mpf(n) ** 6


def test_the_error_falls_with_the_square_of_n_to_its_constant():
    rows, limits = ladder.errors([1, 2, 4, 8, 16, 32, 64]), ladder.leading_error()
    grid = np.linspace(0, 20, 200_001)
    for row in rows[:3]:
        gap = np.tanh(grid) - np.tanh(row["n"] * np.arcsinh(grid / row["n"]))
        assert row["error"] == pytest.approx(gap.max(), rel=1e-6)
        scaled = np.tanh(row["n"] * np.arcsinh(row["k"] * grid / row["n"]))
        assert row["scaled_error"] == pytest.approx(abs(np.tanh(grid) - scaled).max(), rel=1e-4)
    last = rows[-1]
    assert last["times_square"] == pytest.approx(limits["constant"], rel=2e-4)
    left = (last["times_square"] - limits["constant"]) * last["n"] ** 2
    assert left == pytest.approx(limits["next"], rel=1e-3)
    scaled = last["scaled_error"] * last["n"] ** 2
    assert scaled == pytest.approx(limits["scaled_constant"], rel=2e-4)
    assert (last["k"] - 1) * last["n"] ** 2 == pytest.approx(limits["stretch"], rel=1e-3)
    assert 2 * limits["at"] * np.tanh(limits["at"]) == pytest.approx(3)


def test_the_bends_lie_between_those_of_isru_and_tanh():
    found = [row["bend"] for row in ladder.bends([1, 2, 3, 64])]
    assert found[0] == pytest.approx(1.5 * 1.25**-2.5)
    assert found == sorted(found, reverse=True)
    assert found[-1] == pytest.approx(4 * np.sqrt(3) / 9, rel=1e-4)


def test_hazards_are_where_powers_overflow_and_one_minus_the_square_is_zero():
    first, second, third = map(ladder.hazards, (1, 2, 3))
    assert (first["float16"], first["slope_lost"]) == (256, 4096)
    assert first["float32"] == pytest.approx(np.sqrt(np.finfo(np.float32).max), rel=1e-6)
    assert third["float32"] < second["float32"] and third["slope_lost"] < second["slope_lost"]
    assert second["slope_there"] == pytest.approx(8 * second["slope_lost"] ** -5, rel=1e-3)
    entry = ACTIVATIONS["ladder3"]
    assert entry.value(np.float32(third["float32"])) == 1  # the library's form is right there


def test_the_constants_of_the_quintic_are_the_best_ones():
    from isru.activations.isru_quintic import CUBIC, FIFTH
    from isru.analysis.approximation import best_uniform

    def family(place, cubic, fifth):
        square = place * place
        p = place * (1 + square * (cubic + fifth * square))
        return p / mp.sqrt(1 + p * p)

    best = best_uniform(mp.tanh, family, [0.165, 0.01], 8)
    found = [round(float(value), 9) for value in best.parameters]
    assert found == [float(CUBIC), float(FIFTH)]
    assert float(best.error) == pytest.approx(ACTIVATIONS["isru_quintic"].error, rel=1e-3)
    assert len(best.points) == 3
    far = np.linspace(8, 100, 1000)  # beyond, both come ever nearer to 1
    assert abs(1 - ACTIVATIONS["isru_quintic"].value(far)).max() < float(best.error)


def test_the_page_shows_each_equation_and_each_rung():
    shown = Equations({"a": x / 2, "b": sp.sqrt(x)})._repr_latex_()
    assert r"a &= \frac{x}{2}\\[6pt] b &= \sqrt{x}" in shown
    gaps = pd.DataFrame({"x": [0, 1, 2], "n_1": [0, 3, 1], "n_2": [0, 2, 1]})
    gaps = gaps.assign(n_3=gaps["n_2"] / 2, n_4=gaps["n_2"] / 4)
    errors = pd.DataFrame({"n": [1, 4], "error": [0.1, 0.01], "scaled_error": [0.05, 0.004]})
    figure = ladder_figure(gaps, errors, {"constant": 0.1, "scaled_constant": 0.06})
    left, right = figure.axes
    assert [list(line.get_ydata()) for line in left.lines[:2]] == [[0, 3, 1], [0, 2, 1]]
    assert left.lines[0].get_color() == COLOURS["isru"]
    bounds = [line.get_ydata().tolist() for line in right.lines[::2]]
    assert bounds == [pytest.approx([0.1, 0.1 / 16]), pytest.approx([0.06, 0.06 / 16])]
