"""The formula frontier: the language, the proof of smoothness, the front, the question to it."""

import math
from types import SimpleNamespace

import pandas as pd
import pytest
import sympy as sp

from isru.chapters.frontier import answer
from isru.chapters.frontier.front import NAMED, layered, on_front, take
from isru.chapters.frontier.programs import A, B, X, c_body, steps
from isru.chapters.frontier.smoothness import proved_analytic, smoothness
from isru.chapters.frontier.writing import formula
from isru.kernels.formulas import (
    ABSOLUTE,
    ADD,
    DIVIDE,
    FUSED,
    LEAST,
    MOST_NEGATED,
    MULTIPLY,
    ROOT,
    SUBTRACT,
)
from isru.records import Record

ISRU = ((FUSED, X, X, A), (ROOT, 3, 0, 0), (DIVIDE, X, 4, 0))
HARD = ((LEAST, X, A, 0), (MOST_NEGATED, 3, A, 0))
CLIPPED = (*HARD, (ABSOLUTE, 4, 0, 0), (SUBTRACT, B, 5, 0), (MULTIPLY, 4, 6, 0))
SOFTSIGN = ((ABSOLUTE, X, 0, 0), (ADD, A, 3, 0), (DIVIDE, X, 4, 0))
LADDER = ((FUSED, X, X, A), (ADD, A, 3, 0), (ROOT, 4, 0, 0), (DIVIDE, X, 3, 0), (MULTIPLY, 5, 6, 0))
POLE = ((FUSED, X, X, A), (SUBTRACT, 3, B, 0), (ROOT, 3, 0, 0), (DIVIDE, X, 4, 0))
BESIDE = (*POLE, (MULTIPLY, 5, 6, 0))
MODULUS = ((MULTIPLY, X, X, 0), (ROOT, 3, 0, 0), (ADD, A, 4, 0), (DIVIDE, X, 5, 0))


@pytest.mark.parametrize(
    ("program", "b", "known"),
    [
        (ISRU, 1.0, "analytic"),
        (LADDER, 1.0, "analytic"),
        (NAMED["ISRU of a cubic"], 1.0, "analytic"),
        (NAMED["softsign of a cubic"], 1.0, "C1"),
        (BESIDE, 0.5, "analytic"),  # x^2 + 1 - 0.5 has no zero
        (HARD, 1.0, "C0"),
        (CLIPPED, 2.0, "C1"),
        (CLIPPED, 2.5, "C0"),  # its slope ends before it is 0
        (SOFTSIGN, 1.0, "C1"),
        (MODULUS, 1.0, "C1"),  # the root of a square is a modulus
    ],
)
def test_the_class_is_proved_from_the_steps(program, b, known):
    assert smoothness(program, 1.0, b) == known


def test_a_divisor_with_a_zero_is_not_taken_for_analytic():
    assert smoothness(BESIDE, 1.0, 1.5) != "analytic"


def test_what_sympy_cannot_decide_is_not_proved():
    nested = (*MODULUS[:1], (ADD, A, 3, 0), (ROOT, 4, 0, 0), (ROOT, 5, 0, 0))
    divided = (*nested, (SUBTRACT, 5, 6, 0), (DIVIDE, X, 7, 0))  # a root beside its own root
    assert not proved_analytic(divided, sp.Integer(2), sp.Integer(1))


def test_a_program_is_written_as_a_formula_and_in_c():
    assert formula(ISRU, 0.5, 1.0) == "x/√(x² + 0.5)"
    assert formula(CLIPPED, 1.0, 2.0, 0.5) == ("q·(2 − |q|), q = max(min(s, 1), −1), s = 0.5·x")
    powers = ((MULTIPLY, X, X, 0), (MULTIPLY, 3, 3, 0), (DIVIDE, X, 4, 0), (FUSED, 5, 5, A))
    assert formula(powers, 1.0, 1.0) == "(x/((x²)²))² + 1"
    body = c_body(ISRU, "{:g}f".format, 0.5, 1.0, scale=2.0)
    assert body.splitlines() == [
        "const float s = 2f * x;",
        "const float t0 = s * s + 0.5f;",
        "const float t1 = SQRTF(t0);",
        "return s / t1;",
    ]


def test_no_step_has_constants_alone_or_divides_by_one():
    for operation, i, j, _ in steps(4):
        assert (
            not {A, B} >= ({i} if operation in (ROOT, ABSOLUTE) else {i, j}) or operation == FUSED
        )
        assert operation != DIVIDE or j not in (A, B)


def test_of_equal_points_one_is_on_the_front():
    cost, error = [1, 2, 2, 3, 4], [0.5, 0.3, 0.3, 0.4, 0.1]
    assert on_front(cost, error).tolist() == [True, True, False, False, True]


def test_the_best_are_chosen_front_after_front():
    table = pd.DataFrame({"rough": [1, 2, 3, 4], "error": [0.4, 0.5, 0.3, 0.6]})
    assert layered(table, 2)["rough"].tolist() == [1, 3]
    assert layered(table, 3)["rough"].tolist() == [1, 2, 3]


def point(name, cycles, error, **changed):
    about = {"target": "cortex-m4f", "use": "alone", "point": name, "name": name}
    about |= {"source": "formula", "formula": "x", "operations": 1, "smoothness": "analytic"}
    about |= {"monotone": True, "rising": True, "error": error, "cycles": cycles, "off": 1e-7}
    about |= {"cycles_low": cycles - 1.0, "cycles_high": cycles + 1.0, "bytes": 20}
    return about | {"constant": True, "body": "return x;"} | changed


POINTS = [
    point("flat", 10.0, 0.3, smoothness="C0"),
    point("hard", 20.0, 0.01, smoothness="C0"),
    point("round", 30.0, 0.018),
    point("trick", 5.0, 0.001, monotone=False),
    point("near", 60.0, 0.003, constant=False),
]


@pytest.fixture
def published(tmp_path, monkeypatch):
    record = Record("frontier", folder=tmp_path)
    keys = ["target", "use", "point"]
    record.table("points", pd.DataFrame(POINTS), kind="tolerance", keys=keys)
    monkeypatch.setattr(answer.paths, "results", lambda: tmp_path)


def asked(target="cortex-m4f", error=0.02, smooth=False):
    return answer.answer_in_words(SimpleNamespace(target=target, error=error, smooth=smooth))


def test_the_cheapest_formula_that_is_near_enough_is_told_with_its_cost_and_c(published):
    near, text = asked()
    assert near
    for part in ("hard", "0.01; C0", "cycles: 20 (19 to 21)", "20 bytes", "certificate: none"):
        assert part in text
    assert "float sigmoid(float x)" in text
    assert asked(smooth=True)[1].startswith("round")
    assert "INLINE" not in text  # nothing that it does not need


def test_an_impossible_demand_is_told_the_nearest(published):
    near, text = asked(error=1e-5, smooth=True)
    assert not near
    assert "no analytic formula of the front is within 1e-05; the nearest:\nnear" in text


def test_nothing_is_nearer_than_a_float_can_tell():
    exact = point("exact", 200.0, 0.0)
    assert answer.cheapest([exact], 1e-7) == (True, exact)
    assert answer.cheapest([exact], 1e-9) == (False, exact)


@pytest.mark.parametrize("error", [0.0, -1.0, math.nan, math.inf])
def test_an_error_that_is_no_positive_number_is_refused(published, error):
    with pytest.raises(ValueError, match="error: expected a finite number above 0"):
        asked(error=error)


def test_an_unknown_target_is_refused(published):
    with pytest.raises(ValueError, match="target: expected one of cortex-m4f, got 'z80'"):
        asked(target="z80")


def test_what_to_take_follows_the_rules():
    scaled = [row | {"use": "scaled"} for row in POINTS]
    slow = point("steady", 70.0, 0.002, smoothness="C0")
    kinked = point("kinked", 1.0, 0.2, use="scaled", smoothness="C1", rising=False)
    chosen = take(pd.DataFrame([*POINTS, *scaled, slow, kinked])).set_index("when")["name"]
    assert chosen["retrained"] == chosen["smooth"] == "round"
    assert (chosen["drop-in"], chosen["constant"]) == ("near", "steady")
