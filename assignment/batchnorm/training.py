"""Losses, optimisers and the training loop of section 6."""

import numpy as np


def softmax_loss(scores, labels):
    """Mean cross-entropy of softmax(scores) and its gradient. scores (N, K), labels (N,) integers; gradient (N, K)."""
    shifted = scores - scores.max(axis=1, keepdims=True)  # the same softmax, and exp cannot overflow
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    n = np.arange(len(labels))
    dscores = np.exp(log_p)
    dscores[n, labels] -= 1.0
    return -log_p[n, labels].mean(), dscores / len(labels)


def squared_loss(predicted, wanted):
    """Mean squared difference and its gradient; both arrays (N, K)."""
    difference = predicted - wanted
    return np.mean(difference**2), 2.0 * difference / difference.size


class SGD:
    """p <- p - lr * gradient, without momentum."""

    def __init__(self, lr):
        self.lr = lr

    def step(self, network):
        for _, array, gradient in network.parameters():
            array -= self.lr * gradient


class Adam:
    """Kingma and Ba, 2014 (arXiv:1412.6980), with the defaults of the paper except the learning rate."""

    def __init__(self, lr, b1=0.9, b2=0.999, tiny=1e-8):
        self.lr, self.b1, self.b2, self.tiny = lr, b1, b2, tiny
        self._first, self._second, self._steps = {}, {}, 0

    def step(self, network):
        self._steps += 1
        for place, array, gradient in network.parameters():
            first = self._first[place] = self.b1 * self._first.get(place, 0.0) + (1.0 - self.b1) * gradient
            second = self._second[place] = self.b2 * self._second.get(place, 0.0) + (1.0 - self.b2) * gradient**2
            first, second = first / (1.0 - self.b1**self._steps), second / (1.0 - self.b2**self._steps)
            array -= self.lr * first / (np.sqrt(second) + self.tiny)


def batches(n, size, rng):
    """Shuffled indices of n examples in batches of this size; a last batch of a single example is left away."""
    order = rng.permutation(n)
    for start in range(0, n, size):
        part = order[start : start + size]
        if len(part) > 1:
            yield part


def accuracy(network, x, y, mode="test"):
    """Share of examples whose largest score is the one of their label."""
    return float(np.mean(network.forward(x, mode).argmax(axis=1) == y))


def fit(network, data, optimiser, epochs, batch_size=100, rng=None, after_step=None):
    """Train a classifier; return {"loss": per step, "accuracy": on the test data after each epoch}.

    Training that explodes is an outcome and not an error: numbers may become infinite, then the rest is left away.
    `after_step(network, loss)` is called after each step, where given.
    """
    rng = np.random.default_rng(0) if rng is None else rng
    history = {"loss": [], "accuracy": []}
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for _ in range(epochs):
            for part in batches(len(data.x_train), batch_size, rng):
                loss, dscores = softmax_loss(network.forward(data.x_train[part]), data.y_train[part])
                if not np.isfinite(loss):
                    return {**history, "accuracy": [*history["accuracy"], accuracy(network, data.x_test, data.y_test)]}
                network.backward(dscores)
                optimiser.step(network)
                history["loss"].append(float(loss))
                if after_step is not None:
                    after_step(network, loss)
            history["accuracy"].append(accuracy(network, data.x_test, data.y_test))
    return history
