"""The environment variables that a job sees: stated here, whatever the user's shell holds.

A variable that another program reads, meant for other work, would change what a notebook computes
or how: another Keras backend, code that runs at the start of every Python, another kernel by the
name of ours, functions that are not compiled.
"""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Iterable, Mapping
from pathlib import Path

from isru import paths
from isru.bench.protocol import _THREAD_VARIABLES

_DROPPED = (
    *("PYTHON", "IPYTHON", "JUPYTER", "JPY_", "PAPERMILL_", "MPL", "MATPLOTLIB"),
    *("KERAS_", "TF_", "XLA_", "NUMBA_", "NPY_", "OPENBLAS_", "GOTO_", "MKL_", "BLIS_"),
    *("OMP_", "GOMP_", "KMP_", "VECLIB_", "NUMEXPR_"),
)
# They say which processor this is to be taken for; provenance tells what computed.
_KEPT = ("OPENBLAS_CORETYPE", "NPY_DISABLE_CPU_FEATURES", "NPY_ENABLE_CPU_FEATURES")


def stated(given: Mapping[str, str], folder: Path, *, keep: Iterable[str] = ()) -> dict[str, str]:
    """Return the environment for work of the compendium, made from a user's.

    Parameters
    ----------
    given : mapping
        The user's.
    folder : Path
        Where programs keep settings and caches that they would else look for at home: there may
        be none that can be written, and what lies there is not part of the compendium.
    keep : iterable of str
        Further variables that stay as the user set them.
    """
    kept = {*_KEPT, *keep}
    plain = {k: v for k, v in given.items() if k in kept or not k.upper().startswith(_DROPPED)}
    jupyter = dict.fromkeys(
        ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"), str(folder / "jupyter")
    )
    return plain | {
        **jupyter,
        "JUPYTER_PREFER_ENV_PATH": "0",
        "IPYTHONDIR": str(folder / "ipython"),
        "MPLCONFIGDIR": str(paths.build() / "kernels" / "matplotlib"),
        "MPLBACKEND": "agg",
        "KERAS_BACKEND": "tensorflow",
        "KERAS_HOME": str(folder / "keras"),
        "PYTHONNOUSERSITE": "1",
        **_own_code(),
    }


def _own_code() -> dict[str, str]:
    """Return what lets every Python that is started find this code, and no other of its name."""
    home = Path(__file__).resolve().parents[2]
    installed = {Path(sysconfig.get_path(name)).resolve() for name in ("purelib", "platlib")}
    return {} if home in installed else {"PYTHONPATH": str(home)}


def settle() -> None:
    """Make this process, and all that it starts, see the stated environment.

    The user's choice of a number of threads stands here: a job sets its own.
    """
    plain = stated(os.environ, paths.build() / "kernels" / "commands", keep=_THREAD_VARIABLES)
    for name in set(os.environ) - set(plain):
        del os.environ[name]
    os.environ.update(plain)
