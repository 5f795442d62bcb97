"""A wrong parameter is an error before any cell runs, and names what is known."""

import pytest
from notebook_files import write_notebook

from isru.publish.errors import CompendiumError
from isru.publish.parameters import (
    declared_parameters,
    parse_parameters,
    read_profile,
    settle_parameters,
)

CELL = """\
units: list[int] = [10, 25]  # units per layer, 1..1000
rate: float = 3e-3  # learning rate, 1e-6..1.0
task: str = "rain"  # what is forecast, one of: rain | temperature
seed: int = 7  # first seed
"""


@pytest.fixture
def forecaster(compendium):
    return write_notebook(compendium, "06-forecaster", ["1"], parameters=CELL)


def test_a_declaration_gives_type_default_range_and_help(forecaster):
    units = declared_parameters(forecaster)["units"]
    assert (units.type, units.default, units.low, units.high) == ("list[int]", [10, 25], 1, 1000)
    assert units.help == "units per layer"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"unit": [10]}, "unknown parameter 'unit'.*Did you mean units.*rate.*task.*seed"),
        ({"units": "[10]"}, r"expected list\[int\], 1 to 1000, got '\[10\]' \(str\).*-y"),
        ({"units": [0]}, "expected .*1 to 1000, got"),
        ({"units": []}, "expected"),
        ({"rate": "fast"}, "learning rate.*expected float"),
        ({"rate": float("nan")}, "expected float"),
        ({"seed": 1.5}, "expected int, got 1.5"),
        ({"seed": True}, "expected int, got True"),
        ({"task": "snow"}, "one of rain, temperature, got 'snow'"),
    ],
)
def test_a_wrong_parameter_is_refused_with_what_was_expected(forecaster, given, message):
    defaults = {name: p.default for name, p in declared_parameters(forecaster).items()}
    with pytest.raises(CompendiumError, match=message):
        settle_parameters("06-forecaster", defaults | given)


def test_an_integer_serves_as_float_and_comes_out_as_one(forecaster):
    namespace = {"rate": 1, "In": [], "Out": {}, "_": 3}
    settle_parameters("06-forecaster", namespace)
    assert namespace["rate"] == 1.0
    assert isinstance(namespace["rate"], float)


def test_a_whole_profile_injected_by_plain_papermill_sets_the_own_section(forecaster):
    namespace = {"seed": 0, "forecaster": {"seed": 5}}
    settle_parameters("06-forecaster", namespace)
    assert namespace["seed"] == 5


def test_a_parameters_cell_without_comment_or_literal_is_refused():
    with pytest.raises(CompendiumError, match="line 1: expected 'name: type = value"):
        parse_parameters("seed: int = 1", "x.ipynb")
    with pytest.raises(CompendiumError, match="line 2"):
        parse_parameters("a: int = 1  # ok\nb = 2  # no type", "x.ipynb")


def test_a_profile_is_checked_against_the_notebooks(compendium, forecaster):
    profile = compendium / "notebooks" / "parameters" / "quick.yml"
    profile.write_text("forecaster:\n  seed: 3\n")
    assert read_profile("quick") == {"forecaster": {"seed": 3}}
    profile.write_text("forecaster:\n  sed: 3\n")
    with pytest.raises(CompendiumError, match=r"quick.yml, section forecaster: unknown.*seed"):
        read_profile("quick")
    profile.write_text("forecast:\n  seed: 3\n")
    with pytest.raises(CompendiumError, match="Did you mean forecaster"):
        read_profile("quick")


def test_broken_yaml_is_reported_with_file_and_line(compendium):
    (compendium / "notebooks" / "parameters" / "quick.yml").write_text("a: 1\nb: [1, 2\nc: 3\n")
    with pytest.raises(CompendiumError, match=r"quick.yml, line 3: not valid YAML"):
        read_profile("quick")


def test_an_unknown_profile_lists_those_that_exist(compendium):
    with pytest.raises(CompendiumError, match=r"unknown profile 'quik'.*Did you mean quick"):
        read_profile("quik")
