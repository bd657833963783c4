"""Are the ready-made parts of section 6 right, so that what the experiments show is about batch norm?"""

import data
import layers
import numpy as np
import pytest
import training

from solutions.batchnorm import reference

FUNCTIONS = (reference.batchnorm_forward, reference.batchnorm_backward)


def slope(function, array, direction, h=1e-6):
    """(f(a + h v) - f(a - h v)) / (2h), changing the array in place and back."""
    kept = array.copy()
    array += h * direction
    up = function()
    array[:] = kept - h * direction
    down = function()
    array[:] = kept
    return (up - down) / (2 * h)


@pytest.mark.parametrize("activation", [layers.ReLU, layers.Sigmoid])
@pytest.mark.parametrize("batchnorm", [None, FUNCTIONS], ids=["plain", "batch norm"])
def test_gradients_of_a_network_are_its_derivatives(activation, batchnorm):
    """Does what `backward` leaves in every layer agree with central differences, for x as well?"""
    rng = np.random.default_rng(5)
    network = layers.mlp([4, 6, 5, 3], rng, batchnorm, activation=activation)
    x, labels = rng.normal(size=(8, 4)), rng.integers(0, 3, 8)

    def loss():
        return training.softmax_loss(network.forward(x), labels)[0]

    dx = network.backward(training.softmax_loss(network.forward(x), labels)[1])
    pairs = [(array, gradient.copy()) for _, array, gradient in network.parameters()] + [(x, dx)]
    for array, gradient in pairs:
        direction = rng.normal(size=array.shape)
        assert slope(loss, array, direction) == pytest.approx(np.sum(gradient * direction), rel=1e-6, abs=1e-9)


def test_squared_loss_has_its_gradient():
    """Is the gradient of the mean squared difference its derivative?"""
    rng = np.random.default_rng(0)
    predicted, wanted = rng.normal(size=(2, 5, 2))
    direction = rng.normal(size=(5, 2))
    _, gradient = training.squared_loss(predicted, wanted)
    measured = slope(lambda: training.squared_loss(predicted, wanted)[0], predicted, direction)
    assert measured == pytest.approx(np.sum(gradient * direction))


def test_softmax_loss_of_huge_scores_is_finite():
    """Does a confident network not overflow?"""
    loss, gradient = training.softmax_loss(np.array([[1e4, 0.0], [0.0, 1e4]]), np.array([0, 0]))
    assert loss == pytest.approx(5e3)
    assert np.all(np.isfinite(gradient))


@pytest.mark.parametrize(
    ("init", "wanted"), [(layers.xavier, 2 / 700), (layers.he, 2 / 300), (layers.normal(0.2), 0.04)]
)
def test_initial_weights_have_the_variance_of_their_rule(init, wanted):
    """Is the spread what Xavier, He, or the given scale ask for?"""
    weights = init(300, 400, np.random.default_rng(0))
    assert weights.shape == (300, 400)
    assert weights.var() == pytest.approx(wanted, rel=0.02)


def test_batch_norm_layer_says_how_it_is_built():
    """Can somebody rebuild the layer in another library from what get_config says?"""
    config = layers.BatchNorm(7, FUNCTIONS, momentum=0.99, eps=1e-3).get_config()
    assert config["features"] == 7
    assert config["eps"] == 1e-3
    assert config["momentum (share of the old value that is kept)"] == 0.99
    assert config["running_var starts at"] == 0.0
    assert config["learned"] == ["gamma", "beta"]


def test_batch_norm_layer_calls_the_given_functions():
    """Is it the student's function that normalises, in both modes and both directions?"""
    calls = []

    def forward(x, gamma, beta, bn_param):
        calls.append(bn_param["mode"])
        return reference.batchnorm_forward(x, gamma, beta, bn_param)

    def backward(dout, cache):
        calls.append("backward")
        return reference.batchnorm_backward(dout, cache)

    layer = layers.BatchNorm(3, (forward, backward))
    x = np.random.default_rng(0).normal(size=(5, 3))
    layer.backward(layer.forward(x, "train"))
    layer.forward(x, "test")
    assert calls == ["train", "backward", "test"]


def test_a_bias_in_front_of_batch_norm_is_left_away():
    """Do layers that batch norm follows have no bias, and all others one?"""
    with_norm = layers.mlp([3, 4, 2], np.random.default_rng(0), FUNCTIONS)
    without = layers.mlp([3, 4, 2], np.random.default_rng(0))
    assert ["b" in layer.params for layer in with_norm.of_kind(layers.Linear)] == [False, True]
    assert ["b" in layer.params for layer in without.of_kind(layers.Linear)] == [True, True]


def test_jitter_moves_training_and_leaves_the_test_alone():
    """Is the covariate shift made in training only, and new each time?"""
    layer = layers.Jitter(np.random.default_rng(0))
    x = np.ones((4, 3))
    first, second = layer.forward(x, "train"), layer.forward(x, "train")
    assert not np.array_equal(first, second)
    assert np.array_equal(layer.forward(x, "test"), x)
    dout = np.ones((4, 3))
    layer.forward(x, "train")
    assert np.array_equal(layer.backward(dout), layer.forward(x, "test") * layer._scale)


@pytest.mark.parametrize("optimiser", [training.SGD(0.5), training.Adam(0.01)], ids=["SGD", "Adam"])
def test_training_learns(optimiser):
    """Does the loop learn a problem that is easy?"""
    history = training.fit(
        layers.mlp([64, 30, 10], np.random.default_rng(0)), data.load_digits(400), optimiser, epochs=8
    )
    assert history["accuracy"][-1] > 0.85
    assert history["loss"][-1] < history["loss"][0]
    assert len(history["accuracy"]) == 8


def test_training_that_explodes_ends_without_a_warning():
    """Is a learning rate that is far too large an outcome, and not an error?"""
    history = training.fit(
        layers.mlp([64, 30, 10], np.random.default_rng(0)), data.load_digits(400), training.SGD(1e6), 3
    )
    assert history["accuracy"][-1] < 0.5


def test_no_batch_of_one_is_made():
    """Are examples dealt out once each, and a last single one left away, for batch norm's sake?"""
    parts = list(training.batches(11, 5, np.random.default_rng(0)))
    assert [len(part) for part in parts] == [5, 5]
    assert len(np.unique(np.concatenate(parts))) == 10
