"""A wrong parameter is an error before any cell runs, and names what is known."""

import pytest
from notebook_files import write_notebook

from isru.errors import CompendiumError
from isru.publish.parameters import (
    declared_parameters,
    given_parameters,
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
    write_notebook(compendium, "lesson", ["1"])
    return write_notebook(compendium, "forecaster", ["1"], parameters=CELL)


def test_a_declaration_gives_type_default_range_and_help(forecaster):
    units = declared_parameters(forecaster)["units"]
    assert (units.type, units.default, units.low, units.high) == ("list[int]", [10, 25], 1, 1000)
    assert units.help == "units per layer"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"units": "[10]"}, r"expected list\[int\], 1 to 1000, got '\[10\]' \(str\).*-y"),
        ({"units": [0]}, "expected .*1 to 1000, got"),
        ({"units": []}, "expected"),
        ({"rate": "fast"}, "learning rate.*expected float"),
        ({"rate": float("nan")}, "expected float"),
        ({"rate": 10**400}, "expected float.*got 10"),
        ({"rate": 10**5000}, "expected float.*got an integer of very many digits"),
        ({"task": "x" * 9000}, "one of rain, temperature, got 'xxx.{,100}$"),
        ({"seed": 1.5}, "expected int, got 1.5"),
        ({"seed": True}, "expected int, got True"),
        ({"task": "snow"}, "one of rain, temperature, got 'snow'"),
    ],
)
def test_a_wrong_parameter_is_refused_with_what_was_expected(forecaster, given, message):
    defaults = {name: p.default for name, p in declared_parameters(forecaster).items()}
    with pytest.raises(CompendiumError, match=message):
        settle_parameters("forecaster", defaults | given)


def test_an_integer_serves_as_float_and_comes_out_as_one(forecaster):
    namespace = {"rate": 1, "In": [], "Out": {}, "_": 3}
    settle_parameters("forecaster", namespace)
    assert namespace["rate"] == 1.0
    assert isinstance(namespace["rate"], float)


CHECK = "settle_parameters('forecaster', globals())"


@pytest.fixture
def shell(forecaster):
    """Return a function that runs cells in one IPython, which has the check imported."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    settings = Config()
    settings.HistoryManager.enabled = False
    made = InteractiveShell(config=settings, ipython_dir=str(forecaster.parent))
    made.push({"settle_parameters": settle_parameters, "unit": 3, "facts": {}, "forecaster": 1})

    def run(*cells):
        for cell in cells:
            done = made.run_cell(cell, store_history=True)
            done.raise_error()
        return made.user_ns

    return run


def test_what_lies_in_the_namespace_is_no_parameter(forecaster, shell):
    assert shell(CELL, CHECK)["seed"] == 7
    namespace = {"seed": 0, "facts": {}, "unit": 3, "forecaster": {"seed": 5}}
    settle_parameters("forecaster", namespace)
    assert namespace["seed"] == 0


def test_a_kernel_may_run_all_cells_again_with_other_values(shell):
    leaves = "facts, count, words = {'a': 1}, 3, ['x']"
    assert shell(CELL, CHECK, leaves, CELL, CHECK, leaves)["seed"] == 7
    assert shell(CELL.replace("= 7", "= 9"), CHECK, leaves)["seed"] == 9
    with pytest.raises(CompendiumError, match=r"expected int, got 1\.5"):
        shell(CELL.replace("= 7", "= 1.5"), CHECK)
    assert shell(CELL, CHECK, "seed = 8", CHECK)["seed"] == 8


def test_a_misspelt_name_in_a_parameter_cell_is_refused_and_can_be_put_right(shell):
    with pytest.raises(CompendiumError, match=r"parameter 'seeds'.*Did you mean seed\?"):
        shell(CELL.replace("seed:", "seeds:"), CHECK)
    unknown = "unknown parameter 'unit'.*Did you mean units.*rate.*task.*seed"
    with pytest.raises(CompendiumError, match=unknown):
        shell(CELL, "# Parameters\nunit = [10]\n", CHECK)
    assert shell(CELL, CHECK)["units"] == [10, 25]


def test_what_papermill_injects_sets_names_and_the_own_section(shell):
    section = "# Parameters\nlesson = {'epochs': 3}\nforecaster = {'seed': 5, 'rate': 1}\n"
    assert shell(CELL, section, CHECK)["seed"] == 5
    assert shell(CHECK)["seed"] == 5
    named = shell(CELL, section + "rate = 0.5\n", CHECK)
    assert (named["seed"], named["rate"]) == (5, 0.5), "a name given alone goes before a profile"
    assert shell(CELL, CHECK)["seed"] == 7, "the injected cell did not run again"
    with pytest.raises(CompendiumError, match="unknown parameter 'sed'"):
        shell(CELL, "# Parameters\nforecaster = {'sed': 5}\n", CHECK)


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("a: int = 1  # ok\nb: int", "line 2: expected 'name: type = value"),
        ("a: int = 2 * 3  # computed", "line 1: expected 'name"),
        ("a.b: int = 3  # no name", "line 1: expected 'name"),
        ("a: int = 3  # help, 1-..3", "line 1: expected 'name"),
        ("a: int = 3  # ok\na: int = 4  # again", "line 2: .*once for each name"),
        ("a: int = 3  # help, 4..5", "parameters cell, the default of parameter a"),
        ("a: int = (3  # open", "parameters cell: expected Python"),
        ("<<<<<<< ours\na: int = 3  # x", "parameters cell: expected Python"),
    ],
)
def test_a_broken_declaration_is_named(cell, message):
    with pytest.raises(CompendiumError, match=f"x.ipynb, {message}|x.ipynb.*{message}"):
        parse_parameters(cell, "x.ipynb")


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("units=[10, 20]; seed=7", {"units": [10, 20], "seed": 7}),
        ("rate=1e-2;", {"rate": 0.01}),
        ("seed=010", {"seed": 10}),
        (" ; ", {}),
        ("note='a; b'; seed=1", {"note": "a; b", "seed": 1}),
        ('note="a;\\" ;b" ;seed=1', {"note": 'a;" ;b', "seed": 1}),
        ("notes=[a, 'b;c', \"d;\"]; seed=1", {"notes": ["a", "b;c", "d;"], "seed": 1}),
        ("note=it's; seed=1", {"note": "it's", "seed": 1}),
        ("note=it's; notes=['y']", {"note": "it's", "notes": ["y"]}),
        ("note=a=b [c", {"note": "a=b [c"}),
        ("note='$(x) `y` \"z\" 100%'", {"note": '$(x) `y` "z" 100%'}),
    ],
)
def test_given_parameters_are_split_where_yaml_ends_a_value(given, text):
    declared = parse_parameters(CELL + NOTES, "x.ipynb")
    assert given_parameters("x", declared, text) == given


NOTES = "note: str = 'a'  # any text\nnotes: list[str] = ['a']  # any texts\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seed", "expected parameters as 'name=value; ...', got 'seed'"),
        ("seed=1:30", "expected int.*got '1:30'"),
        ("seed=yes", "expected int.*got 'yes'"),
        ("seed=1_0", "expected int.*got '1_0'"),
        ("seed=1; seed=2", "parameter 'seed' is given twice"),
        ("note='a; seed=1", "parameter note, line 1: not valid YAML"),
        ("units=[1, 2; seed=1", "parameter units, line 1: not valid YAML"),
        ("units={a: 1, a: 2}", "parameter units, line 1: .*'a' stands twice"),
        ("seed=!!int x", "parameter seed, line 1: .*expected a whole number, got 'x'"),
        ("seed=" + "9" * 5000, "a number of 5000 digits"),
        ("sed=1", "unknown parameter 'sed'.*Did you mean seed"),
        ("=1", "unknown parameter ''"),
    ],
)
def test_given_parameters_that_are_none_are_refused_in_words(text, message):
    declared = parse_parameters(CELL + NOTES, "x.ipynb")
    with pytest.raises(CompendiumError, match=message):
        given_parameters("x", declared, text)


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
