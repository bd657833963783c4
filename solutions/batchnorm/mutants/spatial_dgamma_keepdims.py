"""dgamma of images has shape (1, C, 1, 1)."""
# kind: shape
# diagnosed as: dimension-kept


def spatial_batchnorm_backward(dout, cache):
    x_hat, gamma, inv_std = cache
    n = dout.size / dout.shape[1]
    dbeta = dout.sum(axis=(0, 2, 3), keepdims=True)
    dgamma = (dout * x_hat).sum(axis=(0, 2, 3), keepdims=True)
    dx = gamma * inv_std * (dout - dbeta / n - x_hat * dgamma / n)
    return dx, dgamma, dbeta.ravel()
