"""Fits and counts of the formula frontier, against what is known of their functions."""

import numpy as np
import pytest
from test_frontier import CLIPPED, HARD, ISRU, SOFTSIGN

from isru.activations import ACTIVATIONS
from isru.chapters.frontier.costs import INPUTS, library_costs, program_costs
from isru.chapters.frontier.fitting import ALONE, LOOSE, curve, fit_program, refined
from isru.chapters.frontier.front import _SHAPE, NAMED, _known_name, best_scale
from isru.chapters.frontier.programs import A, X, c_body
from isru.emulator import toolchain_problem
from isru.firmware.c_text import c_float
from isru.kernels.formulas import ADD, DIVIDE, FUSED

pytestmark = pytest.mark.slow
needs_toolchain = pytest.mark.skipif(bool(toolchain_problem()), reason=toolchain_problem())
KNOWN = {"isru": ISRU, "hard_tanh": HARD, "softsign": SOFTSIGN, "clipped_parabola": CLIPPED}


@pytest.mark.parametrize("name", KNOWN)
def test_a_fit_is_as_near_as_the_best_scale_of_the_library(name):
    found = refined(KNOWN[name], fit_program(KNOWN[name]))
    assert found.error == pytest.approx(best_scale(name)[1], rel=0.003)


def test_a_constant_can_bring_the_scale_and_a_free_output_flatters():
    scaled, alone, loose = (
        fit_program(ISRU, convention) for convention in ("scaled", ALONE, LOOSE)
    )
    assert scaled.a == 1
    assert alone.error == pytest.approx(scaled.error, rel=0.02)
    assert loose.error < 0.8 * scaled.error


def test_what_is_not_monotone_or_has_another_limit_is_no_sigmoid():
    twice = (*ISRU, (0, 5, 5, 0))
    assert fit_program(twice) is None
    assert fit_program(twice, LOOSE) is not None


def test_a_constant_is_solved_for_the_limit():
    found = fit_program(CLIPPED)
    assert found.a * (found.b - found.a) == pytest.approx(1, abs=1e-10)


def test_what_tends_to_another_function_as_a_constant_vanishes_is_no_sigmoid_of_its_own():
    root_and_square = (*ISRU[:2], (ADD, A, 4, 0), (FUSED, A, 5, 4), (DIVIDE, X, 6, 0))
    assert fit_program(root_and_square) is None


def test_no_curve_is_named_after_one_that_it_only_comes_near_to_as_both_do_to_tanh():
    cubic = NAMED["ISRU of a cubic"]
    found = fit_program(cubic)
    y = curve(cubic, _SHAPE, found)
    assert _known_name(cubic, found, {"beside it": y + 1e-3}) == ""
    assert _known_name(cubic, found, {"beside it": y + 1e-3, "itself": y + 1e-5}) == "itself"


@needs_toolchain
def test_a_program_costs_what_the_library_counts_and_computes_its_formula():
    bodies = {name: c_body(program, c_float, 1.0, 2.0) for name, program in KNOWN.items()}
    counted = program_costs("cortex-m4f", bodies)
    again = program_costs("cortex-m4f", dict(reversed(bodies.items())))
    measured = ["instructions", "cycles", "cycles_low", "cycles_high", "bytes", "constant"]
    assert counted[measured].equals(again.loc[counted.index, measured])
    names = ["isru", "hard_tanh", "softsign"]
    assert counted.loc[names, measured].equals(library_costs("cortex-m4f", names)[measured])
    for name in names:
        exact = ACTIVATIONS[name].value(INPUTS.astype(float))
        assert np.abs(counted.loc[name, "values"] - exact).max() < 1e-6


@needs_toolchain
def test_the_curve_of_a_fit_is_what_its_c_computes():
    one = fit_program(CLIPPED, ALONE) or fit_program(CLIPPED)
    body = c_body(CLIPPED, c_float, one.a, one.b, one.scale)
    counted = program_costs("cortex-m4f", {"f": body}).loc["f"]
    assert np.abs(counted["values"] - curve(CLIPPED, INPUTS.astype(float), one)).max() < 1e-6


@needs_toolchain
def test_a_core_without_an_fpu_is_refused():
    with pytest.raises(ValueError, match="expected a core with an FPU, got cortex-m0plus"):
        program_costs("cortex-m0plus", {"f": "return x;"})
