"""Reference solution of the batch-normalisation assignment, written for the people who mark it.

Shapes: `x`, `out`, `dout`, `dx` are (N, D), one example per row; `gamma`, `beta`, `dgamma`, `dbeta`,
`running_mean`, `running_var` are (D,). Everything is plain NumPy in the dtype the caller brings (float64 in the
assignment). The conventions are those of the docstrings in the notebook and differ from the big libraries':
PyTorch turns `momentum` round and keeps an unbiased running variance, Keras starts the running variance at one.
"""

import numpy as np


def batchnorm_forward(x, gamma, beta, bn_param):
    """Return `(out, cache)`; in train mode also move the running statistics in `bn_param`.

    `bn_param` has `mode` ("train" or "test") and may have `eps` (1e-5), `momentum` (0.9), `running_mean` and
    `running_var` (zeros). Raises ValueError for any other mode. `cache` is what the backward passes need.
    """
    mode = bn_param["mode"]
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)
    # `get` looks at the key, not at the truth of the value: momentum 0 is a legal momentum and not a missing one.
    running_mean = bn_param.get("running_mean", np.zeros(x.shape[1], dtype=x.dtype))
    running_var = bn_param.get("running_var", np.zeros(x.shape[1], dtype=x.dtype))

    if mode == "train":
        # The statistics of a column are taken over the batch, so over axis 0.
        mu = x.mean(axis=0)
        x_centred = x - mu
        # Two passes, on purpose: E[x^2] - mu^2 subtracts two nearly equal numbers once the mean is far from zero,
        # and loses every digit of a variance of 1 at a mean of 1e8.
        var = (x_centred**2).mean(axis=0)
        # eps stands under the root: a constant column then gives 0 / sqrt(eps) and not 0 / 0.
        inv_std = 1.0 / np.sqrt(var + eps)
        x_hat = x_centred * inv_std
        out = gamma * x_hat + beta

        # The running values take the plain biased variance; eps belongs to the division, not to the statistic.
        # The result must be stored: rebinding a local name would change nothing for the caller.
        bn_param["running_mean"] = momentum * running_mean + (1.0 - momentum) * mu
        bn_param["running_var"] = momentum * running_var + (1.0 - momentum) * var
        return out, (x_hat, gamma, inv_std)

    if mode == "test":
        # The batch has no say here: one example gets the same answer alone as among a thousand others.
        x_hat = (x - running_mean) / np.sqrt(running_var + eps)
        return gamma * x_hat + beta, None

    raise ValueError(f"mode is {mode!r}; it must be 'train' or 'test'")


def batchnorm_backward(dout, cache):
    """Return `(dx, dgamma, dbeta)` for a train-mode forward, node by node through the computation graph.

    x enters `out` by three paths: directly, through mu and through var. Each is one line below, so that a marker can
    see which of them a student has lost.
    """
    x_hat, gamma, inv_std = cache
    n = dout.shape[0]

    # out = gamma * x_hat + beta: gamma and beta are used by every row, so their gradients sum over the rows.
    dbeta = dout.sum(axis=0)
    dgamma = (dout * x_hat).sum(axis=0)
    dx_hat = dout * gamma

    # x_hat = x_centred * inv_std, and x_centred = x_hat / inv_std saves keeping it in the cache.
    x_centred = x_hat / inv_std
    dinv_std = (dx_hat * x_centred).sum(axis=0)
    # inv_std = (var + eps)^(-1/2), so d inv_std / d var = -1/2 (var + eps)^(-3/2).
    dvar = dinv_std * -0.5 * inv_std**3
    # x_centred is used twice: in x_hat, and squared in var = mean(x_centred^2).
    dx_centred = dx_hat * inv_std + dvar * 2.0 * x_centred / n
    # x_centred = x - mu and mu = mean(x): what reaches mu is shared out evenly among the rows.
    dmu = -dx_centred.sum(axis=0)
    dx = dx_centred + dmu / n
    return dx, dgamma, dbeta


def batchnorm_backward_alt(dout, cache):
    """Return the same `(dx, dgamma, dbeta)` with dx in one expression.

    Substituting the staged lines into each other, nearly everything cancels: dx is dx_hat with its mean and its
    component along x_hat taken out, because moving or stretching a whole column does not change the output.
    """
    x_hat, gamma, inv_std = cache
    dbeta = dout.sum(axis=0)
    dgamma = (dout * x_hat).sum(axis=0)
    n = dout.shape[0]
    # The two sums are dbeta and dgamma again, so nothing is summed twice.
    dx = gamma * inv_std / n * (n * dout - dbeta - x_hat * dgamma)
    return dx, dgamma, dbeta


def steps_to_reach(momentum, share):
    """Return the smallest t with 1 - momentum**t >= share, for a running value that starts from 0."""
    # Counted, not solved for with a logarithm: the logarithm is off by one where it comes out whole. What is still
    # missing of the batch's value shrinks by the factor `momentum` in each step.
    steps, missing = 1, momentum
    while missing > 1.0 - share:
        steps, missing = steps + 1, momentum ** (steps + 1)
    return steps


def warm_up(data, x):
    """Return the test-mode output (M, D) for x of a layer that has seen all batches of `data` before."""
    # One dict for all calls: the running values live in it. A fresh one for each batch forgets them.
    layer = {"mode": "train"}
    stretch, shift = np.ones(x.shape[1]), np.zeros(x.shape[1])
    for seen in data:
        batchnorm_forward(seen, stretch, shift, layer)
    layer["mode"] = "test"
    return batchnorm_forward(x, stretch, shift, layer)[0]


def short_answers():
    """Return (bias_gradient, constant_feature, folded_weight, folded_bias)."""
    # 8.1: the mean takes every constant away again, so the bias does not reach the loss.
    # 8.2: the variance is 0, and only eps is left under the root: 0.01 becomes more than 3.
    # 8.3: scale = gamma / sqrt(var) = 4; w scale = 6, (b - mean) scale + beta = -9.
    return 0.0, (5.01 - 5.0) / np.sqrt(1e-5), 6.0, -9.0


def layernorm_forward(x, gamma, beta, ln_param):
    """Return `(out, cache)`: each row normalised by its own mean and variance; gamma, beta belong to the columns."""
    centred = x - x.mean(axis=1, keepdims=True)
    var = (centred**2).mean(axis=1, keepdims=True)
    inv_std = 1.0 / np.sqrt(var + ln_param.get("eps", 1e-5))
    x_hat = centred * inv_std
    return gamma * x_hat + beta, (x_hat, gamma, inv_std)


def layernorm_backward(dout, cache):
    """Return `(dx, dgamma, dbeta)`.

    The formula of batch norm with the axes exchanged, but for gamma: it differs within a row, so it has to be inside
    the means. Its own gradient still is a sum over the rows.
    """
    x_hat, gamma, inv_std = cache
    dx_hat = dout * gamma
    along = (dx_hat * x_hat).mean(axis=1, keepdims=True)
    dx = inv_std * (dx_hat - dx_hat.mean(axis=1, keepdims=True) - x_hat * along)
    return dx, (dout * x_hat).sum(axis=0), dout.sum(axis=0)


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    """Return `(out, cache)` for images (N, C, H, W): a channel is a feature, each pixel of each image an example.

    Written out here, so that it can be read (and marked) without the functions above; calling those with
    `x.transpose(0, 2, 3, 1).reshape(-1, C)` is as good.
    """
    mode = bn_param["mode"]
    eps, momentum = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    running = [bn_param.get(key, np.zeros(x.shape[1])) for key in ("running_mean", "running_var")]
    across = (None, slice(None), None, None)  # puts a (C,) vector along the axis of the channels
    if mode == "train":
        mu = x.mean(axis=(0, 2, 3))
        centred = x - mu[across]
        var = (centred**2).mean(axis=(0, 2, 3))
        bn_param["running_mean"] = momentum * running[0] + (1.0 - momentum) * mu
        bn_param["running_var"] = momentum * running[1] + (1.0 - momentum) * var
    elif mode == "test":
        centred, var = x - running[0][across], running[1]
    else:
        raise ValueError(f"mode is {mode!r}; it must be 'train' or 'test'")
    inv_std = (1.0 / np.sqrt(var + eps))[across]
    x_hat = centred * inv_std
    return gamma[across] * x_hat + beta[across], (x_hat, gamma[across], inv_std)


def spatial_batchnorm_backward(dout, cache):
    """Return `(dx, dgamma, dbeta)`, sums over images and pixels where batch norm sums over rows."""
    x_hat, gamma, inv_std = cache
    dbeta = dout.sum(axis=(0, 2, 3), keepdims=True)
    dgamma = (dout * x_hat).sum(axis=(0, 2, 3), keepdims=True)
    pixels = dout.size / dout.shape[1]
    dx = gamma * inv_std * (dout - dbeta / pixels - x_hat * dgamma / pixels)
    return dx, dgamma.ravel(), dbeta.ravel()


def fold_batchnorm(W, b, gamma, beta, running_mean, running_var, eps):
    """Return `(W_folded, b_folded)`. Test mode multiplies by one number per output and adds another."""
    scale = gamma / np.sqrt(running_var + eps)
    return W * scale, (b - running_mean) * scale + beta


def bug_hunt():
    """Return the eight wrong lines."""
    # 2 one dict for all layers; 5 gamma has to start at one; 10 the running values go into a copy; 18 the sign;
    # 23 batch statistics in use; 27 x.shape printed for y; 32 no ReLU at the output: y is negative in places;
    # 39 the first curve has alpha 0 and cannot be seen.
    return 2, 5, 10, 18, 23, 27, 32, 39
