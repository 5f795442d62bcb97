"""A reader samples from a character model and trains it on, and is told what was wrong."""

import os
import signal

import numpy as np
import pytest

from isru import paths
from isru.cli import main
from isru.experiments import characters_session
from isru.experiments.characters_model import CharacterModel
from isru.experiments.characters_session import open_session, train_and_save

SMALL = {"units": 4, "activation": "tanh"}


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    path = tmp_path_factory.mktemp("text") / "book.txt"
    path.write_text("the cat sat on the mat, the rat sat on the cat. " * 800, encoding="utf-8")
    return path


@pytest.fixture
def model_file(tmp_path, book):
    path = tmp_path / "model.npz"
    model, parts = open_session(path, source=book, **SMALL)
    train_and_save(model, path, parts.training, 3, progress=False)
    return path


def run(capsys, *arguments):
    code = main([str(argument) for argument in arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_a_sample_is_the_prompt_and_as_many_characters_and_the_same_for_a_seed(model_file, capsys):
    command = ("sample", "--model", model_file, "--prompt", "the ", "--length", 30, "--seed")
    first, again, other = (run(capsys, *command, seed)[1] for seed in (1, 1, 2))
    assert first.startswith("the ") and len(first) == 4 + 30 + 1
    assert first == again != other


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--prompt", "the Ω"), "got 'Ω', first at place 5"),
        (("--prompt", ""), "prompt: expected at least one character"),
        (("--temperature", "0"), "temperature: expected a finite number above 0"),
        (("--length", "0"), "length: expected an integer of at least 1"),
        (("--seed", "-1"), "seed: expected at least 0"),
        (("--model", "none.npz"), "no model none.npz"),
        (("--model", "README.md"), "expected a network saved by isru"),
    ],
)
def test_what_cannot_be_sampled_is_said_in_one_message(
    model_file, capsys, monkeypatch, arguments, message
):
    monkeypatch.chdir(paths.root())
    code, out, err = run(capsys, "sample", "--model", model_file, "--prompt", "the", *arguments)
    assert code == 1 and out == "" and message in err and err.count("\n") == 1


def test_training_goes_on_from_the_file_and_from_a_start_that_stays(model_file, book, capsys):
    command = ("train-characters", "--text", book, "--updates", 5, "--model")
    assert run(capsys, *command, model_file)[0] == 0
    assert CharacterModel.load(model_file).updates == 8
    content = model_file.read_bytes()
    other = model_file.with_name("other.npz")
    code, _, err = run(capsys, *command, other, "--start", model_file)
    assert code == 0 and "13 in all" in err
    assert model_file.read_bytes() == content


def test_what_cannot_be_trained_is_said_in_one_message(model_file, book, capsys, tmp_path):
    command = ("train-characters", "--text", book, "--model")
    published = paths.results() / "models" / "07-isru.npz"
    odd = tmp_path / "odd.txt"
    odd.write_text("the ß" * 1000, encoding="utf-8")
    short = tmp_path / "short.txt"
    short.write_text("the cat", encoding="utf-8")
    for arguments, message in [
        ((*command, published), "is published and stays as it is"),
        ((*command, model_file, "--units", 9), "units: expected nothing but a text"),
        ((*command, model_file, "--updates", 0), "updates: expected at least 1"),
        ((*command, tmp_path / "new.npz", "--layers", 0), "layers: expected at least 1"),
        ((*command, tmp_path / "new.npz", "--activation", "gelu"), "got 'gelu'"),
        ((*command, tmp_path / "new.npz", "--start", "none.npz"), "no model none.npz"),
        (("train-characters", "--text", odd, "--model", model_file), "got 'ß'"),
        (("train-characters", "--text", short, "--model", model_file), "expected at least"),
        (("train-characters", "--text", "none.txt"), "no file none.txt"),
    ]:
        code, _, err = run(capsys, *arguments)
        assert code == 1 and message in err, arguments


def test_an_interruption_saves_and_the_next_session_makes_the_same_numbers(
    tmp_path, book, monkeypatch
):
    whole, parts = open_session(tmp_path / "whole.npz", source=book, **SMALL)
    whole.train(parts.training, 20)
    path = tmp_path / "model.npz"
    model, _ = open_session(path, source=book, **SMALL)
    update = CharacterModel._update

    def interrupted(self, *arguments):
        loss = update(self, *arguments)
        if self.updates == 7:
            os.kill(os.getpid(), signal.SIGINT)
        return loss

    monkeypatch.setattr(CharacterModel, "_update", interrupted)
    before = signal.getsignal(signal.SIGINT)
    made = train_and_save(model, path, parts.training, 20, progress=False)
    assert made == 7 and signal.getsignal(signal.SIGINT) is before
    model, _ = open_session(path, source=book)
    assert model.updates == 7
    assert train_and_save(model, path, parts.training, 13, progress=False) == 13
    np.testing.assert_array_equal(
        CharacterModel.load(path).network.parameters, whole.network.parameters
    )


def test_a_session_saves_as_it_goes(tmp_path, book, monkeypatch):
    path, seen = tmp_path / "model.npz", []
    model, parts = open_session(path, source=book, **SMALL)
    monkeypatch.setattr(
        characters_session.CharacterModel, "save", lambda self, _: seen.append(self.updates)
    )
    train_and_save(model, path, parts.training, 4, save_seconds=0.0, progress=False)
    assert seen == [1, 2, 3, 4, 4]


def test_a_broken_session_leaves_the_file_as_it_was_saved(model_file, book):
    content = model_file.read_bytes()
    model, parts = open_session(model_file, source=book)
    model.network.parameters[...] = np.nan
    with pytest.raises(FloatingPointError, match="as it was last saved"):
        train_and_save(model, model_file, parts.training, 4, progress=False)
    assert model_file.read_bytes() == content
