"""Stale means: the content of a source changed. Comments, prose and file times are no content."""

import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from notebook_files import write_notebook

from isru import closure, digests, notes
from isru.errors import CompendiumError
from isru.publish import staleness
from isru.publish.notebooks import all_notebooks, select
from isru.records import Record, to_json, write_atomically

pytestmark = pytest.mark.slow

SOURCE = '''
"""Docstring."""
from isru.records import Record
import numpy as np

def double(x):
    """Double."""
    return 2 * x  # twice
'''


def test_comments_docstrings_and_layout_do_not_change_the_code():
    other = SOURCE.replace("# twice", "").replace('"""Double."""', '"""Return it twice."""')
    assert staleness.code_digest(other) == staleness.code_digest(SOURCE)


def test_a_changed_constant_changes_the_code():
    assert staleness.code_digest(SOURCE.replace("2 *", "3 *")) != staleness.code_digest(SOURCE)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("import os\nimport ast\nx = 1", "import ast\nimport os\nx = 1"),
        ("import os, ast", "import ast\nimport os"),
        ("from a import b\nfrom a import c", "from a import b, c"),
        ("from a import c as d, b", "from a import b\nfrom a import c as d"),
        (
            "from b import x\nfrom .a import y\nimport c",
            "import c\nfrom b import x\nfrom .a import y",
        ),
        ("import a.b\nimport a.c", "import a.c\nimport a.b"),
        ('"""Doc."""\nimport b\nimport a', "import a\nimport b"),
        ("def f():\n    import b\n    import a", "def f():\n    import a\n    import b"),
    ],
)
def test_the_order_of_neighbouring_imports_does_not_change_the_code(one, other):
    assert staleness.code_digest(one) == staleness.code_digest(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("from a import x\nfrom b import x", "from b import x\nfrom a import x"),
        ("from a import *\nfrom b import x", "from b import x\nfrom a import *"),
        ("import a as x\nimport b as x", "import b as x\nimport a as x"),
        ("import a\nx = 1\nimport b", "import b\nx = 1\nimport a"),
        ("from a import b", "import a.b"),
        ("from a import b", "from .a import b"),
        ("from a import b", "from a import b as c"),
        ("x = 1", "x = '1'"),
        ("x = None", "x = ''"),
        ("x = 1", "x = 1.0"),
        ("x = 1", "x = True"),
        ("f'{x:>{w}}'", "f'{x:<{w}}'"),
        ("f'{x:{w}}'", "f'{x}'"),
    ],
)
def test_what_may_change_a_result_changes_the_code(one, other):
    assert staleness.code_digest(one) != staleness.code_digest(other)


# What Pythons read into different syntax trees; each must give these hashes.
PINNED = {
    "f'{x:>{w}}'": "86f45a9d2afed14b",
    "f'{x:{w}.{p}f}|{y:{n}}'": "922d349a2f4aaa26",
    "f'{x!r:^{w}}' f'' 'and' f'{y}'": "0185a369ffb6b665",
    "f'' + f'{x:}' + f'{x = }'": "5d9c4ba9bb7a94a2",
    "def f(a, *, b=1.5e300, **c) -> int: return lambda: (a, b'1', ..., -1j)": "98fff734b02b5498",
    "class A(B, metaclass=C): x: int = 0": "ff14aaad0fba2da9",
    "match x:\n    case {'a': [1, *_], **rest} if rest: pass": "ba0ca227bd339fa2",
    "x = '\\ud800\\N{BULLET}\\U0001fae8'; y = u'a'": "fd4cbf7f3276f308",
    "import b, a\nfrom . import c\ntry:\n    pass\nexcept* E as e:\n    raise": "c95c67ccd4c05eda",
}


@pytest.mark.parametrize("source", PINNED)
def test_every_python_gives_code_the_same_hash(source):
    assert digests.code_digest(source) == PINNED[source]


HASH = """
import importlib.util, pathlib, sys
spec = importlib.util.spec_from_file_location("digests", sys.argv[1])
digests = importlib.util.module_from_spec(spec)
spec.loader.exec_module(digests)
print(sys.version_info[1], digests.code_digest(pathlib.Path(sys.argv[2]).read_text("utf-8")))
"""


@pytest.mark.parametrize("minor", [11, 12, 13])
def test_another_python_of_this_machine_gives_a_module_the_same_hash(minor):
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    pythons = [shutil.which(f"python3.{minor}")]
    pythons += sorted(pyenv.glob(f"versions/3.{minor}.*/bin/python"))
    module = Path(digests.__file__).parents[1] / "figures" / "forecaster.py"
    for python in filter(None, pythons):
        command = [python, "-I", "-c", HASH, digests.__file__, module]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:  # else a shim of a version that is not there
            found = digests.code_digest(module.read_text(encoding="utf-8"))
            assert done.stdout.split() == [str(minor), found]
            return
    pytest.skip(f"no Python 3.{minor} here")


@pytest.fixture
def result(compendium):
    """Return a notebook with a result in runs/quick that is current."""
    write_notebook(compendium, "first", ["1"], kind="exact")
    write_notebook(compendium, "second", ["2"], parameters="n: int = 1  # n", needs=["first"])
    second = all_notebooks()[1]
    run = compendium / "runs" / "quick"
    values = {"notebook": "first", "values": {"x": {"value": 1, "unit": "", "kind": "exact"}}}
    write_atomically(run / "values" / "first.json", to_json(values))
    stamp = staleness.make_stamp(second, {}, {}, [run])
    manifest = {
        "notebook": "second",
        "profile": "quick",
        "parameters": {},
        "stamp": stamp,
        "outputs": {},
    }
    write_atomically(run / "manifest" / "second.json", to_json(manifest))
    return second, run


def test_touching_a_file_without_changing_it_costs_nothing(result):
    notebook, run = result
    notebook.path.touch()
    assert staleness.stale_reasons(notebook, run) == []


def test_changed_prose_does_not_make_a_result_stale(result):
    notebook, run = result
    text = notebook.path.read_text().replace("An answer.", "Another answer.")
    notebook.path.write_text(text)
    assert staleness.stale_reasons(notebook, run) == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("code", "the notebook's code changed"),
        ("default", "parameter n changed"),
        ("profile", "parameter n changed"),
        ("upstream", "values of notebook first changed"),
    ],
)
def test_a_changed_source_is_named_as_the_reason(result, compendium, change, reason):
    notebook, run = result
    if change == "code":
        text = notebook.path.read_text()
        notebook.path.write_text(text.replace('"source": [\n    "2"', '"source": [\n    "3"'))
    elif change == "default":
        text = notebook.path.read_text()
        notebook.path.write_text(text.replace("n: int = 1", "n: int = 4"))
    elif change == "profile":
        (compendium / "notebooks/parameters/quick.yml").write_text("second:\n  n: 9\n")
    else:
        path = run / "values" / "first.json"
        path.write_text(path.read_text().replace('"value": 1', '"value": 2'))
    assert any(reason in why for why in staleness.stale_reasons(notebook, run))


def test_of_many_changes_the_first_few_are_named():
    parts = ("parameters", "data", "activations", "upstream", "code", "versions")
    empty = {"notebook": ""} | {part: {} for part in parts}
    changed = empty | {"code": {f"isru.m{n:02}": "1" for n in range(98)}, "versions": {"a": "1"}}
    assert staleness.reasons(empty, changed) == [
        "code of isru.m00, isru.m01, isru.m02, isru.m03, isru.m04 and 93 more changed",
        "version of a changed",
    ]


def test_new_provenance_alone_does_not_make_what_rests_on_it_stale(result):
    notebook, run = result
    path = run / "values" / "first.json"
    content = json.loads(path.read_text()) | {"provenance": {"date": "2030-01-01"}}
    path.write_text(to_json(content))
    assert staleness.stale_reasons(notebook, run) == []


@pytest.mark.parametrize(
    ("change", "stale"),
    [({"value": 1.0000000000000002, "note": "Said anew."}, False), ({"value": 1.001}, True)],
)
def test_last_digits_and_notes_do_not_make_what_rests_on_a_value_stale(result, change, stale):
    notebook, run = result
    path = run / "values" / "first.json"
    for entry in ({"value": 1.0}, {"value": 1.0} | change):
        content = json.loads(path.read_text())
        content["values"]["x"] |= {"kind": "tolerance"} | entry
        path.write_text(to_json(content))
        if entry == {"value": 1.0}:
            manifest = run / "manifest" / "second.json"
            stamped = json.loads(manifest.read_text())
            stamped["stamp"] = staleness.make_stamp(notebook, {}, {}, [run])
            manifest.write_text(to_json(stamped))
    assert bool(staleness.stale_reasons(notebook, run)) == stale


def test_a_table_with_keys_counts_among_the_values(result):
    _, run = result
    path = run / "values" / "first.json"
    notebook = json.loads(path.read_text())["notebook"]

    def with_table(size):
        frame = pd.DataFrame({"units": [10], "size": [size]})
        Record(notebook, run).table("sizes", frame, kind="exact", keys=["units"])
        return staleness.upstream_digest(notebook, [run])

    before = staleness.upstream_digest(notebook, [run])
    assert before != with_table(2) == with_table(2) != with_table(3)


def test_what_a_notebook_no_longer_needs_does_not_make_it_stale(result):
    _, run = result
    write_notebook(run.parents[1], "second", ["2"], parameters="n: int = 1  # n")
    assert staleness.stale_reasons(all_notebooks()[1], run) == []


def test_an_edited_or_missing_output_is_noticed(tmp_path):
    (tmp_path / "a").write_text("1")
    recorded = {"outputs": {"a": staleness.sha256(tmp_path / "a"), "gone": "0"}}
    assert staleness.edited(tmp_path, recorded) == ["gone"]
    (tmp_path / "a").write_text("2")
    assert staleness.edited(tmp_path, recorded) == ["a", "gone"]


def noted(result, **more):
    """Return the result, made by a run that noted this."""
    notebook, run = result
    path = run / "manifest" / f"{notebook.name}.json"
    content = json.loads(path.read_text())
    content["stamp"] |= staleness.by_kind(more)
    path.write_text(to_json(content))
    return notebook, run


def test_an_edited_activation_makes_stale_only_what_used_it(result, monkeypatch):
    used = "activation tanh"
    monkeypatch.setattr(staleness, "present_digest", {used: "1", "data/a": "1"}.get)
    assert staleness.stale_reasons(*noted(result, **{used: "1", "data/a": "1"})) == []
    monkeypatch.setattr(staleness, "present_digest", {used: "2", "data/a": "1"}.get)
    assert staleness.stale_reasons(*noted(result, **{"data/a": "1"})) == []
    assert staleness.stale_reasons(*noted(result, **{used: "1"})) == ["activation tanh changed"]


def test_a_new_activation_makes_stale_only_what_looped_over_all(result, monkeypatch):
    one, everything = "activation tanh", notes.ALL_ACTIVATIONS
    before = {name: closure.present_digest(name) for name in (one, everything)}
    monkeypatch.setattr(closure, "list_digest", lambda: "another list")
    assert staleness.stale_reasons(*noted(result, **{one: before[one]})) == []
    assert staleness.stale_reasons(*noted(result, **before)) == ["the list of activations changed"]


def test_a_member_of_an_archive_that_changed_makes_stale(result, compendium):
    name = "data/a.whl!/package/a.csv"
    (compendium / "data").mkdir()
    for content in ("1", "2"):
        with zipfile.ZipFile(compendium / "data" / "a.whl", "w") as wheel:
            wheel.writestr("package/a.csv", content)
        if content == "1":
            first = closure.present_digest(name)
            assert staleness.stale_reasons(*noted(result, **{name: first})) == []
    assert staleness.stale_reasons(*noted(result, **{name: first})) == [f"data {name} changed"]


def test_a_stamp_of_an_earlier_version_is_read(result):
    notebook, run = result
    path = run / "manifest" / f"{notebook.name}.json"
    content = json.loads(path.read_text())
    del content["stamp"]["activations"]
    path.write_text(to_json(content))
    assert staleness.stale_reasons(notebook, run) == []


def test_notebooks_come_after_what_they_need(compendium):
    write_notebook(compendium, "late", ["1"], needs=["early"])
    write_notebook(compendium, "early", ["1"])
    assert [n.name for n in all_notebooks()] == ["early", "late"]


def test_a_circle_of_needs_is_an_error(compendium):
    write_notebook(compendium, "a", ["1"], needs=["b"])
    write_notebook(compendium, "b", ["1"], needs=["a"])
    with pytest.raises(CompendiumError, match="a -> b -> a"):
        all_notebooks()


def test_an_unknown_notebook_lists_those_that_exist(compendium):
    write_notebook(compendium, "a", ["1"])
    with pytest.raises(CompendiumError, match=r"unknown chapter '07'.*a"):
        select("07")
