"""Data files in wheels: known by their hashes, noted as read, nothing of a pickle is trusted."""

import hashlib
import pickle
import re
import zipfile

import numpy as np
import pytest

from isru import closure, notes
from isru.data import wheels
from isru.errors import DamagedFile


def sha256(content):
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def wheel(compendium, monkeypatch):
    """Write a wheel with one data file, pinned and known; return its path."""
    monkeypatch.delenv("ISRU_DATA", raising=False)
    path = compendium / "data" / "downloads" / "wheels" / "waves-1.0-py3-none-any.whl"
    path.parent.mkdir(parents=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("waves/sine.txt", "0 1 0 -1")
    pin = f"# why\nwaves==1.0 \\\n    --hash=sha256:{sha256(path.read_bytes())}\n"
    wheels.pins_file().write_text(pin)
    known = {
        "sine": wheels.Member("waves", "waves/sine.txt", sha256(b"0 1 0 -1")),
        "changed": wheels.Member("waves", "waves/sine.txt", sha256(b"0 1 0 -2")),
        "lost": wheels.Member("waves", "waves/cosine.txt", sha256(b"1 0 -1 0")),
    }
    monkeypatch.setattr(wheels, "MEMBERS", known)
    return path


def test_a_file_is_read_from_the_zip_and_noted_under_a_name_that_stamps_can_look_up(wheel):
    with notes.noting() as noted:
        assert wheels.member("sine") == b"0 1 0 -1"
    name = f"data/downloads/wheels/{wheel.name}!/waves/sine.txt"
    assert noted == {name: sha256(b"0 1 0 -1")}
    assert closure.present_digest(name) == noted[name]


def test_a_wheel_that_was_not_fetched_is_said_with_the_command_that_fetches_it(wheel):
    assert wheels.missing() == []
    wheel.unlink()
    assert wheels.missing() == [wheel.name]
    with pytest.raises(FileNotFoundError, match=r"expected the wheel .*waves-1.0.*'make setup'"):
        wheels.member("sine")


def test_another_wheel_of_the_same_name_is_refused(wheel):
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr("waves/more.txt", "")
    assert wheels.missing() == [wheel.name]
    expected = r"waves-1.0.*: expected the wheel with SHA-256 .*, got .*'make setup'"
    with pytest.raises(DamagedFile, match=expected):
        wheels.member("sine")


@pytest.mark.parametrize(("name", "got"), [("changed", "8 bytes"), ("lost", "0 bytes")])
def test_another_file_in_the_wheel_is_refused(name, got, wheel):
    with pytest.raises(DamagedFile, match=rf"expected waves/.*\.txt with SHA-256 .*, got {got}"):
        wheels.member(name)


def test_an_unknown_name_lists_the_known_ones(wheel):
    with pytest.raises(ValueError, match="expected a data file of sine, changed, lost; got 'wave'"):
        wheels.member("wave")


def test_every_wheel_is_pinned_with_a_hash_and_used():
    pinned = re.findall(r"(?m)^([\w-]+)==", wheels.pins_file().read_text())
    assert sorted(pinned) == sorted(wheels._pins())
    assert set(pinned) == {member.project for member in wheels.MEMBERS.values()}


@pytest.mark.parametrize("name", wheels.MEMBERS)
def test_the_published_files_are_the_known_ones(name):
    assert len(wheels.member(name)) > 50_000


def test_arrays_texts_and_numbers_come_out_of_a_pickle_as_they_went_in():
    held = {"x": [np.arange(3.0), np.array(["a", "b"])], "n": 2, "s": "text"}
    content = pickle.dumps(held, 2).replace(b"numpy._core", b"numpy.core")  # as old ones wrote
    np.testing.assert_equal(wheels.unpickle_arrays(content), held)


class Hostile:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def mark(path):
    """Leave a trace, as hostile code would."""
    path.write_text("was here")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize(
    ("function", "name"), [(mark, r"\w+\.mark"), (eval, r"\w+\.eval"), (np.load, "numpy.load")]
)
def test_a_hostile_pickle_is_refused_before_anything_of_it_is_called(
    function, name, protocol, tmp_path
):
    trace = tmp_path / "trace"
    hostile = Hostile(function, trace if function is mark else "1/0")
    content = pickle.dumps([hostile], protocol)
    with pytest.raises(pickle.UnpicklingError, match=rf"names nothing but numpy.*, got {name}"):
        wheels.unpickle_arrays(content)
    assert not trace.exists()
