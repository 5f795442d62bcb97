"""Make hands every value on as it is, in a folder of any name; no shell reads either as code."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]
STUB = "import json, sys\nprint(json.dumps(sys.argv[1:]))\n"
FOLDERS = [
    "a$(touch x)",
    "a `touch x`",
    'it\'s "quoted"',
    "a $HOME $$ ${x} %",
    "one\ntwo",
    "a:b;c&d|e",
    "{x} [y] *",
    "#a\\ b",
]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("make"), reason="no make on this machine"),
]


def make(folder, *words):
    (folder / "src" / "isru").mkdir(parents=True, exist_ok=True)
    (folder / "src" / "isru" / "__init__.py").write_text("")
    (folder / "src" / "isru" / "__main__.py").write_text(STUB)
    shutil.copy(CHECKOUT / "Makefile", folder)
    command = ["make", "--no-print-directory", f"PYTHON={sys.executable}", *words]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=True, timeout=60
    )
    assert not done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", FOLDERS, ids=range(len(FOLDERS)))
def test_a_folder_of_any_name_is_only_a_folder(tmp_path, name):
    folder = tmp_path / name
    assert make(folder, "help") == ["help"]
    assert make(folder) == ["help"]
    assert not [path for path in tmp_path.rglob("x") if path.is_file()]


VALUES = [
    "prompt=it's; seed=3",
    'text="a; b"; units=[10, 25]',
    "a=$(touch x) $(shell touch x) `touch x` $HOME $$ \\ # % !",
    "one\ntwo:three",
    "-x --y ",
]


@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
@pytest.mark.parametrize(
    ("target", "variable", "expected"),
    [
        ("execute", "P", "--parameters={}"),
        ("execute", "NB", "--notebook={}"),
        ("execute", "PROFILE", "--profile={}"),
        ("refresh", "PROFILE", "--profile={}"),
        ("status", "RUN", "--run={}"),
        ("publish", "RUN", "--run={}"),
        ("publish", "NB", "--notebook={}"),
        ("publish", "RECORD", "--record={}"),
        ("check-record", "RECORD", "{}"),
        ("serve", "PORT", "--port={}"),
        ("serve", "RUN", "--run={}"),
        ("test", "K", "--select={}"),
        ("chapter", "NAME", "{}"),
    ],
)
def test_a_value_reaches_the_command_as_it_was_given(tmp_path, target, variable, expected, value):
    wanted = expected.format(value)
    assert make(tmp_path, target, f"{variable}={value}")[1:] in ([wanted], ["--", wanted])
    assert not (tmp_path / "x").exists()


def test_several_values_go_together_and_what_is_not_given_is_left_out(tmp_path, monkeypatch):
    for name in ("P", "NB", "PROFILE", "RUN", "RECORD", "PORT", "K", "NAME", "REPEAT"):
        monkeypatch.delenv(name, raising=False)
    assert make(tmp_path, "execute", "NB=") == ["execute"]
    assert make(tmp_path, "execute", "P=a=1", "NB=forecaster") == [
        *("execute", "--notebook=forecaster", "--parameters=a=1")
    ]
    given = make(tmp_path, "publish", "REPEAT=1", "RUN=full")
    assert given == ["publish", "--run=full", "--repeat"]
    assert make(tmp_path, "certify", "NAME=isru * tanh") == ["certify", "isru", "*", "tanh"]
    assert make(tmp_path, "check-record") == ["check-record"]
    monkeypatch.setenv("P", "a='$(touch x)'")
    assert make(tmp_path, "execute") == ["execute", "--parameters=a='$(touch x)'"]


def test_a_python_of_any_name_is_called(tmp_path):
    link = tmp_path / "a $(touch x) 'python'"
    link.symlink_to(sys.executable)
    assert make(tmp_path, "help", f"PYTHON={link}") == ["help"]


def test_the_command_line_starts_where_nothing_is_installed():
    """Before there is an environment, only the standard library is there to say what to do."""
    bare = [sys.executable, "-I", "-S", "src/isru", "help"]
    done = subprocess.run(bare, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert "make the environment" in done.stdout
