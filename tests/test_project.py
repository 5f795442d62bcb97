"""What holds for the project as a whole: hygiene, versions, the published run."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from isru import __version__, paths
from isru.__main__ import check_python
from isru.publish.contents import chapters, read_contents
from isru.publish.notebooks import all_notebooks
from isru.publish.parameters import declared_parameters, read_profile, slug
from isru.publish.release import problems

ROOT = paths.root()
PACKAGE = ROOT / "src" / "isru"
MODULES = sorted(PACKAGE.rglob("*.py"))
NOTEBOOKS = sorted(notebook.path for notebook in all_notebooks())
PAGES = [*sorted((ROOT / "book").glob("*.md")), *NOTEBOOKS]


def public_definitions():
    for path in MODULES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert ast.get_docstring(tree), f"{path} has no docstring"
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                yield path, node


def test_every_public_function_and_class_has_a_docstring():
    bare = [f"{p.name}:{n.name}" for p, n in public_definitions() if not ast.get_docstring(n)]
    assert not bare


def test_importing_the_numpy_part_imports_nothing_heavy():
    heavy = ["tensorflow", "keras", "sympy", "matplotlib", "pandas", "scipy", "numba", "unicorn"]
    code = f"import sys, isru, isru.lstm, isru.records; isru.isru(1.0); isru.export_c;\
print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_source_notebook_holds_no_results_and_defines_nothing(path):
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        assert isinstance(cell["source"], list), "one string: a diff would show the whole cell"
        assert re.fullmatch(r"[a-z][a-z0-9-]*", cell["id"]), "a random or unreadable cell id"
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None
            tree = ast.parse("".join(cell["source"]))
            assert not [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.ClassDef)]


@pytest.mark.parametrize("notebook", all_notebooks(), ids=lambda n: n.name)
def test_a_notebook_checks_its_parameters_and_only_inexact_ones_are_in_profiles(notebook):
    code = notebook.path.read_text(encoding="utf-8")
    if declared_parameters(notebook.path):
        assert f'settle_parameters(\\"{notebook.name}\\", globals())' in code
    sections = [slug(notebook.name) in read_profile(name) for name in ("smoke", "quick", "full")]
    if notebook.kind == "exact":
        assert not any(sections)


@pytest.mark.slow
def test_no_published_file_was_edited_and_no_exact_notebook_is_stale():
    assert problems(paths.results()) == []


def test_every_chapter_of_the_contents_is_published_and_nothing_that_is_no_chapter():
    published = {p.stem for p in (paths.results() / "manifest").glob("*.json")}
    assert set(chapters(read_contents(paths.contents()))) <= published
    assert published <= {n.name for n in all_notebooks()}


def test_versions_agree():
    stated = re.search(r'version = "(.+)"', (ROOT / "pyproject.toml").read_text())[1]
    cited = re.search(r"^version: (.+)$", (ROOT / "CITATION.cff").read_text(), re.M)[1]
    assert stated == cited == __version__


def pins(name):
    """Return {pin with its marker: its hashes} of a file of requirements, and its other lines."""
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line.split("--hash=") for line in text.splitlines() if line and line[0] != "#"]
    found = {re.sub(r"\s*;.*", "", line[0]).strip(): line[1:] for line in lines if "==" in line[0]}
    return found, [line[0] for line in lines if "==" not in line[0]]


def test_direct_dependencies_are_pinned_and_everything_else_is_constrained():
    direct, others = pins("requirements.txt")
    assert others == ["-r constraints.txt"]
    everything, others = pins("constraints.txt")
    assert others == []
    assert direct.keys() <= everything.keys()
    named = {re.match(r"[\w-]+", pin)[0] for pin in direct}
    stated = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lists = [stated["dependencies"], *stated["optional-dependencies"].values()]
    wanted = {re.match(r"[\w-]+", name)[0] for names in lists for name in names}
    assert wanted - {"isru"} <= named


def test_every_pin_carries_the_hashes_of_its_files():
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    first = next(line for line in text if line and line[0] != "#")
    assert first == "-r constraints.txt"  # older pips look for the hashes at a name's first pin
    everything, _ = pins("constraints.txt")
    assert everything
    for pin, hashes in everything.items():
        assert hashes, pin
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}\s*", each) for each in hashes), pin


@pytest.mark.parametrize("version", [(3, 10), (2, 7), (3, 14)])
def test_a_python_that_does_not_fit_is_named_with_those_that_do(version):
    assert "needs Python 3.11 to 3.13" in check_python(version)
    assert check_python((3, 12)) == ""


def tracked_text():
    """Return {path: text} of what git tracks, or of the sources where there is no git."""
    done = subprocess.run(["git", "-C", ROOT, "ls-files"], capture_output=True, text=True)
    names = done.stdout.splitlines() or [str(p.relative_to(ROOT)) for p in [*MODULES, *PAGES]]
    texts = {".py", ".md", ".ipynb", ".yml", ".toml", ".txt", ".json", ".cff", ""}
    for path in (ROOT / name for name in names):
        if path.suffix in texts and path.is_file() and path != Path(__file__):
            yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")


def test_no_file_holds_the_marks_of_a_merge():
    mark = re.compile(r"^(?:<{7}|>{7}) ", flags=re.MULTILINE)
    assert not [name for name, text in tracked_text() if mark.search(text)]


def test_no_file_names_a_path_or_a_package_index_of_one_machine():
    pattern = re.compile(r"(?<![\w.])/(?:work|root|home)/\w|pypi\.org|files\.pythonhosted")
    found = [(name, m[0]) for name, text in tracked_text() if (m := pattern.search(text))]
    assert not found
