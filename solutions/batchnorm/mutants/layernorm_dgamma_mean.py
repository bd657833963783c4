"""dgamma of layer norm is a mean over the rows."""
# kind: formula
# diagnosed as: dgamma-mean


def layernorm_backward(dout, cache):
    x_hat, gamma, inv_std = cache
    d = dout * gamma
    dx = inv_std * (d - d.mean(axis=1, keepdims=True) - x_hat * (d * x_hat).mean(axis=1, keepdims=True))
    return dx, (dout * x_hat).mean(axis=0), dout.sum(axis=0)
