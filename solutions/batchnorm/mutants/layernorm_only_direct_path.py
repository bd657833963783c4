"""dx of layer norm without the paths through mean and variance."""
# kind: formula
# diagnosed as: ln-only-direct-path


def layernorm_backward(dout, cache):
    x_hat, gamma, inv_std = cache
    d = dout * gamma
    dx = inv_std * d
    return dx, (dout * x_hat).sum(axis=0), dout.sum(axis=0)
