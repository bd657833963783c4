"""The one-expression backward returns dgamma of shape (1, D). Seen in student code."""
# kind: shape
# diagnosed as: dimension-kept


def batchnorm_backward_alt(dout, cache):
    x_hat, gamma, inv_std = cache
    N = len(dout)
    dbeta = dout.sum(axis=0)
    dgamma = (dout * x_hat).sum(axis=0, keepdims=True)
    dx = gamma * inv_std / N * (N * dout - dbeta - x_hat * dgamma)
    return dx, dgamma, dbeta
