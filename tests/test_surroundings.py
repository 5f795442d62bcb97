"""A job sees the environment that the runner states, whatever the user's shell holds."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from notebook_files import write_notebook

from isru import paths
from isru.kernels import compiling
from isru.publish import kernel
from isru.publish.notebooks import all_notebooks
from isru.publish.runner import execute, make_jobs
from isru.publish.surroundings import stated

pytestmark = pytest.mark.slow

LOOK = """\
import json, os, sys
import isru
import keras
import numba
home = str(record.folder.parents[2])
record.value('python', sys.executable, kind='machine')
record.value('code', isru.__file__, kind='machine')
record.value('backend', keras.config.backend(), kind='machine')
record.value('compiles', not numba.config.DISABLE_JIT, kind='machine')
record.value('foreign', 'foreign' in globals() or 'foreign' in dir(sys), kind='machine')
seen = {n: v for n, v in os.environ.items() if not n.startswith('ISRU_')}
record.value('environment', json.dumps(seen), kind='machine')
"""


@pytest.fixture
def hostile(compendium, tmp_path, monkeypatch):
    """Let everything that a Python or Jupyter obeys lead elsewhere."""
    other, home = tmp_path / "other", tmp_path / "home"
    for folder in (other / "kernels" / "python3", home / "isru", home / "profile_default/startup"):
        folder.mkdir(parents=True)
    spec = {"argv": ["/bin/false", "{connection_file}"], "display_name": "x", "language": "python"}
    (other / "kernels" / "python3" / "kernel.json").write_text(json.dumps(spec))
    foreign = "import sys\nforeign = sys.foreign = 1\n"
    (home / "isru" / "__init__.py").write_text("raise ImportError('another isru')")
    (home / "profile_default" / "startup" / "published-evidence.py").write_text(foreign)
    (home / "startup.py").write_text(foreign)
    (home / "keras.json").write_text('{"backend": "jax", "floatx": "float16"}')
    given = {
        "JUPYTER_PATH": other,
        "JUPYTER_PREFER_ENV_PATH": "1",
        "JUPYTER_PLATFORM_DIRS": "1",
        "JUPYTER_CONFIG_PATH": other,
        "KERAS_BACKEND": "jax",
        "KERAS_HOME": home,
        "PYTHONSTARTUP": home / "startup.py",
        "PYTHONPATH": home,
        "PYTHONOPTIMIZE": "2",
        "PYTHONWARNINGS": "error",
        "IPYTHONDIR": home,
        "NUMBA_DISABLE_JIT": "1",
        "NUMBA_CACHE_DIR": "/proc/none",
        "TF_ENABLE_ONEDNN_OPTS": "0",
        "XLA_FLAGS": "--nonsense",
        "OMP_SCHEDULE": "nonsense",
        "MKL_CBWR": "COMPATIBLE",
        "MPLCONFIGDIR": "/proc/none",
        "MPLBACKEND": "nonsense",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    monkeypatch.setenv("MINE", "kept")
    return given


def test_a_job_computes_in_the_stated_environment_and_in_this_python(compendium, hostile):
    write_notebook(compendium, "a", [LOOK])
    execute(make_jobs(all_notebooks(), "quick"))
    run = paths.run("quick")
    seen = json.loads((run / "values" / "a.json").read_text())
    value = {name: entry["value"] for name, entry in seen["values"].items()}
    assert value["python"] == sys.executable
    assert value["code"] == __import__("isru").__file__
    assert (value["backend"], value["compiles"], value["foreign"]) == ("tensorflow", True, False)
    environment = json.loads(value["environment"])
    assert not [n for n in hostile if environment.get(n) == str(hostile[n])]
    assert (environment["OPENBLAS_CORETYPE"], environment["MINE"]) == ("Haswell", "kept")
    made = json.loads((run / "manifest" / "a.json").read_text())["provenance"]
    assert seen["provenance"]["python"] == made["python"]


def test_a_kernel_of_another_python_by_our_name_is_refused(hostile):
    with pytest.raises(RuntimeError, match=r"expected the kernel 'python3' to be .*/bin/false"):
        kernel.check_chosen()


def test_a_command_keeps_the_number_of_threads_and_nothing_else(compendium, hostile):
    given = {str(k): str(v) for k, v in hostile.items()} | {"OMP_NUM_THREADS": "3", "A": "b"}
    plain = stated(given, compendium, keep=["OMP_NUM_THREADS"])
    assert (plain["OMP_NUM_THREADS"], plain["A"]) == ("3", "b")
    assert not [n for n, v in hostile.items() if plain.get(n) == str(v)]


def test_what_a_command_runs_sees_the_stated_environment(compendium, hostile):
    code = (
        "import os, sys\nfrom isru import cli, commands\n"
        "commands.status = lambda _: sys.stdout.write(repr(dict(os.environ))) and 0\n"
        "sys.argv[1:] = ['status']\nsys.exit(cli.main())"
    )
    source = str(Path(kernel.__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": source, "PYTHONWARNINGS": ""}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    assert "'KERAS_BACKEND': 'tensorflow'" in done.stdout
    assert "NUMBA_DISABLE_JIT" not in done.stdout and "jax" not in done.stdout


def test_machine_code_is_kept_where_files_can_be_written(compendium, tmp_path, monkeypatch):
    def folder(chosen=""):
        compiling._cache_folder.cache_clear()
        return compiling._cache_folder(chosen)

    assert folder(str(tmp_path / "mine")) == tmp_path / "mine"
    assert folder("/proc/none") == folder() == Path(compiling.__file__).parent / "__pycache__"
    monkeypatch.setattr(compiling, "_HERE", Path("/proc/none"))
    assert folder() == paths.build() / "kernels" / "numba"
    monkeypatch.setenv("ISRU_ROOT", "/proc/none")
    assert folder().name.startswith("isru-numba-")


def test_changed_kernels_are_compiled_again_in_a_folder_of_the_users(tmp_path, monkeypatch):
    monkeypatch.setattr(compiling.config, "CACHE_DIR", str(tmp_path))
    used = []
    monkeypatch.setattr(
        compiling.numba,
        "njit",
        lambda **_: lambda _: used.append(compiling.config.CACHE_DIR),
    )
    compiling.kept(len)
    monkeypatch.setattr(compiling, "_fingerprint", lambda: "other")
    compiling.kept(len)
    assert len(set(used)) == 2 and all(name.startswith(str(tmp_path)) for name in used)
    assert str(tmp_path) == compiling.config.CACHE_DIR
