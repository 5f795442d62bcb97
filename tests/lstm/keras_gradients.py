"""Gradients of Keras models, for comparison with those of our networks."""

from isru.keras_bridge import load_tensorflow
from isru.keras_bridge.networks import keras_loss


def keras_loss_and_gradients(model, x, target, loss="mse"):
    """Return what ``LSTMNetwork.loss_and_gradients`` does, of a Keras model."""
    with load_tensorflow().GradientTape() as tape:
        value = keras_loss(model(x, training=True), target, loss)
    gradients = tape.gradient(value, model.trainable_variables)
    return float(value), [gradient.numpy() for gradient in gradients]
