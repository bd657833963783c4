"""dx of layer norm with gamma taken out of the means, where batch norm has it."""
# kind: formula
# diagnosed as: ln-gamma-outside-means


def layernorm_backward(dout, cache):
    x_hat, gamma, inv_std = cache
    d = dout
    dx = gamma * inv_std * (d - d.mean(axis=1, keepdims=True) - x_hat * (d * x_hat).mean(axis=1, keepdims=True))
    return dx, (dout * x_hat).sum(axis=0), dout.sum(axis=0)
