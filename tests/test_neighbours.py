"""The atlas, the fast inverse square root, the hazards and the certificates."""

import json
from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

from isru.activations import ACTIVATIONS
from isru.atlas import FormulaTable, page, prove
from isru.data.certificates import load_certificates
from isru.hazards import first_zero, lost_slope, slope_errors, spread
from isru.rsqrt import every_error, fast_rsqrt, relative_error
from isru.symbolic import NotProved, x


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


def test_formulas_become_latex_with_cases_from_left_to_right():
    text = FormulaTable([page("elu")], {"elu": "ELU"})._repr_latex_()
    assert r"\text{ELU}" in text
    assert text.index(r"e^{x} - 1 & x < 0") < text.index(r"x & 0 \le x")


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


def test_the_inverse_square_root_refuses_other_numbers():
    with pytest.raises(TypeError, match="expected an array of float32, got float64"):
        fast_rsqrt(np.ones(3), 1)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_the_plain_form_is_zero_from_where_the_square_overflows(dtype):
    start = np.array(first_zero(dtype), dtype)
    both = np.array([np.nextafter(start, start.dtype.type(0)), start])
    np.testing.assert_array_equal(ACTIVATIONS["isru_plain"].value(both) == 0, [False, True])
    np.testing.assert_array_equal(ACTIVATIONS["isru"].value(both), np.ones(2, dtype))


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


def test_a_broken_certificate_is_refused_with_a_way_out(tmp_path):
    certify(tmp_path, name="tanh")
    with pytest.raises(ValueError, match="expected float32 isru, got float32 tanh"):
        load_certificates(tmp_path)
    (tmp_path / "isru.json").write_text('{"name": "isru", "dtype": "float32", "complete": true}')
    with pytest.raises(ValueError, match=r"expected the entry 'falls'.*certify isru"):
        load_certificates(tmp_path)
    (tmp_path / "isru.json").write_text("{")
    with pytest.raises(ValueError, match="expected a certificate in JSON"):
        load_certificates(tmp_path)
