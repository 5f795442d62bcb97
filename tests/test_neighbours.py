"""The atlas, the fast inverse square root, the hazards and the certificates."""

import json
from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

from isru.activations import ACTIVATIONS
from isru.analysis.symbolic import FORMULAS, NotProved, alpha, isru, x
from isru.certificates import load_certificates
from isru.chapters.neighbours.approximants import (
    bend,
    distance,
    gate_distance,
    knots,
    table_distance,
)
from isru.chapters.neighbours.atlas import (
    FormulaTable,
    curves,
    entries,
    meeting,
    overview,
    page,
    prove,
)
from isru.chapters.neighbours.figures import activation_labels
from isru.chapters.neighbours.hazards import (
    falls,
    first_zero,
    is_right,
    lost_slope,
    slope_errors,
    special_values,
    spread,
    worst_slopes,
)
from isru.chapters.neighbours.rsqrt import error_curves, every_error, fast_rsqrt, relative_error
from isru.closure import present_digest

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("name", "equations"), [("isru", 3), ("softplus", 3), ("elu", 6), ("hard_sigmoid", 9)]
)
def test_a_page_agrees_with_itself(name, equations):
    assert prove(page(name)) == equations


@pytest.mark.parametrize(
    "wrong", [{"derivative": sp.exp(-x)}, {"integral": x}, {"integral": sp.sqrt(1 + x**2)}]
)
def test_a_wrong_page_is_not_proved(wrong):
    with pytest.raises(NotProved):
        prove(replace(page("isru"), **wrong))


def test_an_integral_that_jumps_at_a_corner_is_not_proved():
    jump = sp.Piecewise((1, x < 0), (x**2 / 2, True))
    with pytest.raises(NotProved, match="the jump of the integral of relu at 0"):
        prove(replace(page("relu"), integral=jump))


def test_an_algorithm_has_no_page():
    with pytest.raises(KeyError, match="with a formula"):
        page("table_tanh")


def test_the_overview_has_every_entry_of_the_atlas_with_a_formula_or_without():
    rows = {row["activation"]: row for row in overview({"isru": page("isru")}, end=4)}
    assert list(rows) == entries()
    known, approximate = rows["isru"], rows["isru_rsqrt2"]
    assert (known["range"], known["derivatives"], known["formula"]) == ("(-1, 1)", "all", True)
    assert known["integral"] == pytest.approx(np.sqrt(17) - 1, rel=1e-5)
    assert approximate["integral"] == pytest.approx(known["integral"], rel=5e-6)
    assert not approximate["formula"]


def test_the_atlas_leaves_the_ladder_to_the_frontier():
    left_out = set(ACTIVATIONS) - set(entries())
    assert {"ladder2", "ladder3", "ladder4"} <= left_out < set(FORMULAS)
    assert not left_out & set(activation_labels())


def test_formulas_become_latex_with_cases_from_left_to_right():
    text = FormulaTable([page("elu")], {"elu": "ELU"})._repr_latex_()
    assert r"\text{ELU}" in text
    assert text.index(r"e^{x} - 1 & x < 0") < text.index(r"x & 0 \le x")


def test_two_formulas_meet_up_to_the_order_where_their_series_differ():
    jumps = [row["jump"] for row in meeting(isru(x, alpha), x)]
    assert jumps == [0, 0, 0, 3 * alpha]
    assert [row["jump"] for row in meeting(sp.cos(x), sp.S.One, 3)] == [0, 0, 1]


def test_the_curves_of_the_atlas_are_those_of_its_pages():
    table = curves([page("isrlu"), page("tanh")], [-1, 1])
    assert table["activation"] == ["isrlu", "isrlu", "tanh", "tanh"]
    assert table["smoothness"] == ["2", "2", "all", "all"]
    assert table["value"][:2] == pytest.approx([-np.sqrt(0.5), 1])
    assert table["integral"][2:] == pytest.approx([np.log(np.cosh(1))] * 2)


def test_distances_are_those_of_a_dense_grid():
    found = distance(FORMULAS["tanh"], isru())
    grid = np.linspace(0, 20, 2_000_001)
    gap = np.abs(np.tanh(grid) - ACTIVATIONS["isru"].value(grid))
    slope_gap = np.abs(1 / np.cosh(grid) ** 2 - (1 + grid**2) ** -1.5)
    assert found["distance"] == pytest.approx(gap.max(), rel=1e-5)
    assert found["at"] == pytest.approx(grid[gap.argmax()], abs=1e-3)
    assert found["slope_distance"] == pytest.approx(slope_gap.max(), rel=1e-5)


def test_a_gate_of_matched_slope_has_the_distance_of_a_dense_grid():
    found = gate_distance(sp.Rational(1, 2))
    grid = np.linspace(-200, 200, 400_001)
    gap = ACTIVATIONS["sigmoid"].value(grid) - ACTIVATIONS["isru_sigmoid"].value(grid)
    assert found["slope"] == 0.25
    assert found["sup"] == pytest.approx(np.abs(gap).max(), rel=1e-6)
    assert found["l2"] ** 2 == pytest.approx(np.trapezoid(gap * gap, grid), rel=1e-3)


def test_the_table_keeps_the_law_and_the_count_of_its_knots():
    assert bend(FORMULAS["tanh"]) == pytest.approx(4 * np.sqrt(3) / 9)
    found = table_distance()
    assert found["distance"] == pytest.approx(float(bend(FORMULAS["tanh"])) / 8 / 32**2, rel=2e-3)
    assert knots(FORMULAS["tanh"], sp.Integer(8), 9.4e-5) == 257


@pytest.mark.parametrize("steps", [0, 1, 2])
def test_the_reference_has_the_bits_of_the_library(steps):
    inputs = spread(1e-6, 1e18, 5000)
    kept = ACTIVATIONS[f"isru_rsqrt{steps}"].forward(inputs)[1]
    np.testing.assert_array_equal(kept, fast_rsqrt(1 + inputs * inputs, steps))


@pytest.mark.parametrize("steps", [0, 1, 2])
def test_two_octaves_stand_for_all(steps):
    q = spread(1.0, 4.0, 9999)[:-1]
    np.testing.assert_array_equal(fast_rsqrt(4**9 * q, steps), fast_rsqrt(q, steps) / 2**9)


def test_the_extreme_error_is_taken_where_it_is_said():
    found = every_error(1)
    places = np.array([found["least_at"], found["largest_at"]], np.float32)
    assert list(relative_error(places, 1)) == [found["least"], found["largest"]]
    assert np.abs(relative_error(spread(0.01, 100, 4999), 1)).max() <= -found["least"]
    assert found["least"] == pytest.approx(-1.752e-3, rel=1e-3)  # Lomont (2003): 0.175 %


def test_the_curves_hold_the_errors_of_every_number_of_steps():
    found = error_curves(1.0, 4.0, 50)
    assert found["q"][0] == 1
    assert found["q"][-1] < 4
    assert [np.abs(found[f"steps_{n}"]).max() > 1e-3 for n in (0, 1, 2)] == [True, True, False]


def test_the_inverse_square_root_refuses_other_numbers():
    with pytest.raises(TypeError, match="expected an array of float32, got float64"):
        fast_rsqrt(np.ones(3), 1)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_the_plain_form_is_zero_from_where_the_square_overflows(dtype):
    start = np.array(first_zero(dtype), dtype)
    both = np.array([np.nextafter(start, start.dtype.type(0)), start])
    np.testing.assert_array_equal(ACTIVATIONS["isru_plain"].value(both) == 0, [False, True])
    np.testing.assert_array_equal(ACTIVATIONS["isru"].value(both), np.ones(2, dtype))


def test_the_plain_form_falls_once_and_the_safe_one_never():
    table = falls(50)
    for dtype in ("float16", "float32", "float64"):
        plain, safe = (table[form][table["dtype"] == dtype] for form in ("plain", "safe"))
        assert np.flatnonzero(np.diff(plain) < -0.5).size == 1
        assert np.all(np.diff(safe) >= 0)


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_special_values_are_right_in_the_safe_form_only(dtype):
    found = special_values(dtype)
    assert is_right(found["safe"], found["exact"])
    assert not is_right(found["plain"], found["exact"])


def test_being_right_includes_the_sign_of_zero_and_nan():
    exact = np.array([-0.0, np.nan, 1.0])
    assert is_right(exact.astype(np.float32), exact)
    for wrong in ([0.0, np.nan, 1], [-0.0, 0, 1], [-0.0, np.nan, np.nan], [-0.0, np.nan, 1.001]):
        assert not is_right(np.array(wrong, np.float32), exact)


def test_the_worst_slope_error_is_infinite_where_one_is_not_a_number():
    far = spread(1.0, 100.0, 500)
    assert worst_slopes(far, "isru_rsqrt0")["output"] == np.inf
    assert worst_slopes(far, "isru_rsqrt0")["cube"] < 0.11


def test_the_slope_from_the_output_is_lost_where_it_is_said():
    first, always = lost_slope(2.0**11, 2.0**13)
    ends = np.array([first, always, np.nextafter(np.float32(always), np.float32(0))], np.float32)
    y = ACTIVATIONS["isru"].forward(ends)[0]
    np.testing.assert_array_equal(1 - y * y == 0, [True, True, False])


def test_the_cube_keeps_its_digits_where_the_output_has_lost_them():
    far = spread(2.0**13, 2.0**40, 500)
    errors = slope_errors(far, ACTIVATIONS["isru"])
    assert np.abs(errors["cube"]).max() < 1e-6
    np.testing.assert_array_equal(errors["output"], -1)


def test_spread_floats_refuse_an_empty_span():
    with pytest.raises(ValueError, match="0 < low < high"):
        spread(2.0, 1.0, 5)


RECORD = {
    "name": "isru",
    "dtype": "float32",
    "complete": True,
    "inputs": 2**32,
    "max_ulp": 1.6,
    "stated_ulp": 2.0,
    "definitions": present_digest(ACTIVATIONS["isru"].noted_as),
    "not_nearest": 7,
    "falls": 0,
    "max_fall_ulp": 0.0,
    "not_odd": 0,
    "out_of_range": 0,
    "wrong_nan": 0,
}


def certify(folder, **changes):
    (folder / "isru.json").write_text(json.dumps(RECORD | changes))


def test_certificates_tell_full_part_and_none(tmp_path, monkeypatch):
    log = tmp_path / "reads"
    monkeypatch.setenv("ISRU_READS", str(log))
    certify(tmp_path)
    table = load_certificates(tmp_path)
    assert table.loc["isru", ["certificate", "max_ulp"]].tolist() == ["full", 1.6]
    assert set(table.drop("isru")["certificate"]) == {"none yet"}
    assert log.read_text().count('"missing"') == len(ACTIVATIONS) - 1
    certify(tmp_path, complete=False)
    assert load_certificates(tmp_path).loc["isru", "certificate"] == "part"
    certify(tmp_path, definitions="0" * 16)
    assert load_certificates(tmp_path).loc["isru", "certificate"] == "of older code"


def test_violations_are_counted_and_unknown_where_nothing_is_certified(tmp_path):
    certify(tmp_path, not_odd=2, wrong_nan=1)
    violations = load_certificates(tmp_path)["violations"]
    assert violations["isru"] == 3 and violations.drop("isru").isna().all()


def test_a_broken_certificate_is_refused_with_a_way_out(tmp_path):
    certify(tmp_path, name="tanh")
    with pytest.raises(ValueError, match="expected float32 isru, got float32 tanh"):
        load_certificates(tmp_path)
    (tmp_path / "isru.json").write_text('{"name": "isru", "dtype": "float32", "complete": true}')
    with pytest.raises(ValueError, match=r"expected the entry 'definitions'.*certify isru"):
        load_certificates(tmp_path)
    (tmp_path / "isru.json").write_text("{")
    with pytest.raises(ValueError, match="expected a certificate in JSON"):
        load_certificates(tmp_path)
