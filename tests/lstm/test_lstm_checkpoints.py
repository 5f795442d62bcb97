"""Files: what is read is what was written, runs go on bit for bit, damage is noticed."""

import json

import numpy as np
import pytest

from isru.activations import get_activation
from isru.lstm import Adam, CheckpointError, DivergenceError, LSTMNetwork, train
from isru.lstm.checkpoints import load_training, save_training


def seeded(seed):
    return np.random.default_rng(seed)


def build(**settings):
    settings = {"activation": "isru", "rng": seeded(1), **settings}
    return LSTMNetwork(3, (5, 4), 2, **settings)


def data(seed=0):
    rng = seeded(seed)
    return rng.standard_normal((40, 6, 3)), rng.standard_normal((40, 2))


def run(path, epochs, network=None, **settings):
    """Train for some epochs in all, from a checkpoint if there is one."""
    network = network or build(rng=seeded(1))
    settings = {"data": data(), "optimizer": Adam(0.01), "rng": seeded(2), **settings}
    validation = data(1)
    history = train(
        network, epochs=epochs, batch_size=16, validation=validation, checkpoint=path, **settings
    )
    return network, history


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_network_is_read_as_it_was_written(dtype, rng, tmp_path):
    entry = get_activation("isru").with_parameters(alpha=0.25, k=2.0)
    network = build(dtype=dtype, activation=entry, return_sequences=True)
    network.save(tmp_path / "a network.npz")
    twin = LSTMNetwork.load(tmp_path / "a network.npz")
    np.testing.assert_array_equal(twin.parameters, network.parameters)
    assert twin.activation.parameters == {"alpha": 0.25, "k": 2.0}
    x = rng.standard_normal((2, 4, 3))
    np.testing.assert_array_equal(twin.forward(x)[0], network.forward(x)[0])


def test_the_file_can_be_read_without_this_library(tmp_path):
    network = build()
    network.save(tmp_path / "network.npz")
    with np.load(tmp_path / "network.npz", allow_pickle=False) as archive:
        header = json.loads(str(archive["header"]))
        np.testing.assert_array_equal(archive["dense_kernel"], network.get_weights()[-2])
    assert (header["format"], header["version"], header["kind"]) == ("isru.lstm", 1, "network")


@pytest.mark.parametrize("cut", [0, 100, 2000, -1])
def test_a_truncated_file_is_refused(cut, tmp_path):
    path = tmp_path / "network.npz"
    build().save(path)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(CheckpointError, match=r"network\.npz: expected a network saved by isru"):
        LSTMNetwork.load(path)


def test_a_flipped_bit_is_noticed(tmp_path):
    path = tmp_path / "network.npz"
    build().save(path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"network\.npz"):
        LSTMNetwork.load(path)


def test_foreign_files_are_refused(tmp_path):
    path = tmp_path / "file.npz"
    path.write_text("temperature,rain\n1,2\n")
    with pytest.raises(CheckpointError, match="truncated, damaged or of another kind"):
        LSTMNetwork.load(path)
    np.savez(path, a=np.zeros(3))
    with pytest.raises(CheckpointError, match="header"):
        LSTMNetwork.load(path)
    save_training(path, network=build(), optimizer=Adam(), rng=seeded(0))
    with pytest.raises(CheckpointError, match=r"expected .*'network'.*, got .*'training'"):
        LSTMNetwork.load(path)
    with pytest.raises(FileNotFoundError):
        LSTMNetwork.load(tmp_path / "none.npz")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("version", 2, "expected format version 1, got 2: read it with the version"),
        ("settings", {}, "expected an entry 'activation', found none"),
    ],
)
def test_a_header_of_another_kind_is_refused(name, value, message, tmp_path):
    path = tmp_path / "network.npz"
    build().save(path)
    with np.load(path) as archive:
        arrays = dict(archive)
    header = json.loads(str(arrays["header"])) | {name: value}
    np.savez(path, **arrays | {"header": np.array(json.dumps(header))})
    with pytest.raises(CheckpointError, match=message):
        LSTMNetwork.load(path)


@pytest.mark.parametrize("patience", [None, 2])
def test_an_interrupted_run_goes_on_bit_for_bit(patience, tmp_path):
    whole, history = run(None, 9, patience=patience)
    for epochs in (1, 4, 9):
        network, resumed = run(tmp_path / "run.npz", epochs, patience=patience)
    assert resumed == history
    np.testing.assert_array_equal(network.parameters, whole.parameters)


def test_an_interruption_within_an_epoch_loses_that_epoch_only(tmp_path, monkeypatch):
    whole, history = run(None, 4)
    calls = iter(range(100))
    step = Adam.update

    def interrupted(*arguments):
        if next(calls) == 7:  # in the third epoch of three updates
            raise KeyboardInterrupt
        step(*arguments)

    monkeypatch.setattr(Adam, "update", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "run.npz", 4)
    network, resumed = run(tmp_path / "run.npz", 4)
    assert resumed == history
    np.testing.assert_array_equal(network.parameters, whole.parameters)


def test_divergence_leaves_the_last_good_checkpoint(tmp_path, monkeypatch):
    path = tmp_path / "run.npz"
    network, _ = run(path, 2)
    good = path.read_bytes()
    monkeypatch.setattr(Adam, "update", lambda self, p, g: p.fill(np.inf))
    with pytest.raises(DivergenceError, match="epoch 2"):
        run(path, 3, network)
    assert path.read_bytes() == good
    assert np.isfinite(network.parameters).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"data": data(5)}, "run {'data': "),
        ({"clip_norm": 1.0}, r"run {'clip_norm': 1.0}, got one with {'clip_norm': None}"),
        ({"optimizer": Adam(0.02)}, "optimizer {'learning_rate': 0.02}"),
        ({"network": build(activation="tanh")}, "settings {'activation': {'name': 'tanh'"),
        ({"rng": np.random.Generator(np.random.MT19937(0))}, "generator MT19937, got .* PCG64"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused_and_nothing_changes(settings, message, tmp_path):
    run(tmp_path / "run.npz", 1)
    network = settings.pop("network", build())
    before = network.parameters.copy()
    with pytest.raises(CheckpointError, match=message):
        run(tmp_path / "run.npz", 2, network, **settings)
    np.testing.assert_array_equal(network.parameters, before)


def test_a_run_of_ones_own_is_saved_with_notes_and_arrays(tmp_path):
    path = tmp_path / "run.npz"
    state = {"h": np.arange(3.0)}
    save_training(
        path, network=build(), optimizer=Adam(), rng=seeded(3), notes={"place": 7}, arrays=state
    )
    rng = seeded(4)
    notes, arrays = load_training(path, network=build(), optimizer=Adam(), rng=rng)
    assert notes == {"place": 7}
    np.testing.assert_array_equal(arrays["h"], state["h"])
    assert rng.random() == seeded(3).random()
