"""A reader's own task: what is in the file is trained on, and what cannot be is said."""

import pickle
import re

import numpy as np
import pytest

from isru import paths
from isru.chapters.accuracy import own_task
from isru.chapters.accuracy.own_task import read_task
from isru.errors import CompendiumError
from isru.notes import noting

ROWS = 120
INPUTS = np.random.default_rng(1).normal(3, 2, (ROWS, 5, 2))
LABELS = np.arange(ROWS) % 3


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a file of arrays and returns its path."""

    def write(**arrays):
        path = tmp_path / "mine.npz"
        np.savez(path, **arrays)
        return path

    return write


@pytest.mark.parametrize("labels", [LABELS, LABELS * 7 - 5, np.array(list("abc"))[LABELS]])
def test_whole_numbers_and_texts_are_classes(labels, write):
    with noting() as noted:
        task = read_task(write(inputs=INPUTS, targets=labels))
    assert list(noted) == ["mine.npz"]
    assert (task.name, task.classes, task.loss) == ("own", 3, "cross_entropy")
    split = task.split(1)
    assert [len(part.inputs) for part in split] == [72, 24, 24]
    assert sorted(np.concatenate([part.targets for part in split])) == sorted(LABELS)
    assert split.train.inputs.dtype == np.float32
    np.testing.assert_allclose(split.train.inputs.mean((0, 1)), 0, atol=1e-5)
    np.testing.assert_allclose(split.train.inputs.std((0, 1)), 1, atol=1e-5)


def test_a_sequence_keeps_its_target_and_is_in_one_part(write):
    inputs = np.repeat(LABELS[:, None, None] + 10.0 * np.arange(ROWS)[:, None, None], 5, axis=1)
    split = read_task(write(inputs=inputs, targets=LABELS)).split(2)
    assert len({float(value) for part in split for value in part.inputs[:, 0, 0]}) == ROWS
    trained = np.arange(ROWS)[np.random.default_rng([2, 5]).permutation(ROWS)[:72]]
    raw = inputs[trained]
    for part in split:
        back = np.rint(part.inputs[:, 0, 0] * raw.std() + raw.mean()).astype(int)
        np.testing.assert_array_equal(LABELS[back // 10], part.targets)


@pytest.mark.parametrize("shape", [(ROWS,), (ROWS, 1)])
def test_floats_are_a_real_target_in_the_unit_of_the_training_part(shape, write):
    task = read_task(write(inputs=INPUTS, targets=INPUTS[:, 0, 0].reshape(shape)))
    assert (task.classes, task.loss) == (0, "log_mse")
    train, _, test = task.split(1)
    assert train.targets.shape == (72, 1)
    assert train.targets.std() == pytest.approx(1, abs=1e-5)
    assert test.targets.std() != pytest.approx(1, abs=1e-5)


def test_a_task_can_be_sent_to_another_process(write):
    task = read_task(write(inputs=INPUTS, targets=LABELS))
    sent = pickle.loads(pickle.dumps(task))
    np.testing.assert_array_equal(sent.split(3).test.inputs, task.split(3).test.inputs)


def spoilt(value):
    inputs = INPUTS.copy()
    inputs[7, 2, 1] = value
    return inputs


RARE = np.where(np.arange(ROWS) < 4, 8, LABELS)


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"inputs": INPUTS}, r"the arrays inputs and targets, got inputs: numpy\.savez"),
        ({"inputs": INPUTS[:, :, 0], "targets": LABELS}, r"got \(120, 5\): .*inputs\[\.\.\., None"),
        ({"inputs": INPUTS[:, :0], "targets": LABELS}, r"got \(120, 0, 2\)"),
        ({"inputs": INPUTS.astype(str), "targets": LABELS}, "numbers as inputs, got the dtype <U"),
        ({"inputs": INPUTS[:99], "targets": LABELS[:99]}, "at least 100 sequences, got 99"),
        ({"inputs": spoilt(np.nan), "targets": LABELS}, r"as inputs, got 1 .* nan at \(7, 2, 1\)"),
        ({"inputs": spoilt(1e300), "targets": LABELS}, r"as inputs, got 1 .* 1e\+300 at"),
        ({"inputs": INPUTS, "targets": LABELS[:9]}, r"of the shape \(120,\).*, got \(9,\)"),
        ({"inputs": INPUTS, "targets": LABELS * 1j}, "or floats, got the dtype complex128"),
        ({"inputs": INPUTS, "targets": 0 * LABELS}, "at least two classes, got only 0"),
        ({"inputs": INPUTS, "targets": RARE}, "at least 10 sequences of each class, got 4 of 8"),
        ({"inputs": INPUTS, "targets": np.full(ROWS, np.inf)}, "finite float32 numbers as tar"),
        ({"inputs": INPUTS, "targets": np.full(ROWS, 2.5)}, "that varies, got 2.5 everywhere"),
        ({"inputs": INPUTS, "targets": np.full(ROWS, None)}, "of plain arrays, .*no Python object"),
    ],
)
def test_what_cannot_be_trained_on_is_said_with_what_to_do(arrays, said, write):
    with pytest.raises(CompendiumError, match=said):
        read_task(write(**arrays))


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"PK\x03\x04 cut off"])
def test_what_is_no_npz_is_refused(content, tmp_path):
    path = tmp_path / "mine.npz"
    path.write_bytes(content)
    with pytest.raises(CompendiumError, match=r"expected an \.npz of plain arrays, got mine\.npz"):
        read_task(path)


def test_a_single_array_has_no_names(tmp_path):
    path = tmp_path / "mine.npz"
    with path.open("wb") as file:
        np.save(file, INPUTS)
    with pytest.raises(CompendiumError, match="inputs and targets, got none with a name"):
        read_task(path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no file .*mine\.npz: expected the whole path"):
        read_task(tmp_path / "mine.npz")


def test_the_page_on_parameters_says_what_is_asked_of_the_file():
    page = (paths.root() / "book" / "parameters.md").read_text(encoding="utf-8")
    assert f"at least {own_task.FEWEST_ROWS} sequences" in page
    assert f"each with at least {own_task.FEWEST_OF_A_CLASS} sequences" in page
    shares = f"trains on {own_task._TRAIN:.0%} of .* rate by {own_task._VALIDATION:.0%}, and"
    assert re.search(shares.replace("%", " %"), page)
