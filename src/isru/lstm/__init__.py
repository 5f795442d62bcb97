"""LSTMs from scratch: cell, layer, network, losses, optimizer and training. NumPy only.

Not here: frameworks, and a branch on the name of an activation.
"""

from isru.lstm.cell import GATE_ORDER, cell_backward, cell_forward
from isru.lstm.checking import gradient_check
from isru.lstm.checkpoints import CheckpointError, load_training, save_training
from isru.lstm.engines import CELLS, ENGINES
from isru.lstm.losses import LOSSES
from isru.lstm.network import LSTMNetwork
from isru.lstm.optimizers import Adam, clip_by_global_norm, clip_by_value
from isru.lstm.stream import Stream, sample
from isru.lstm.training import DivergenceError, History, train, train_step

__all__ = [
    "CELLS",
    "ENGINES",
    "GATE_ORDER",
    "LOSSES",
    "Adam",
    "CheckpointError",
    "DivergenceError",
    "History",
    "LSTMNetwork",
    "Stream",
    "cell_backward",
    "cell_forward",
    "clip_by_global_norm",
    "clip_by_value",
    "gradient_check",
    "load_training",
    "sample",
    "save_training",
    "train",
    "train_step",
]
