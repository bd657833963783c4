"""dgamma of images is a mean."""
# kind: formula
# diagnosed as: dgamma-mean


def spatial_batchnorm_backward(dout, cache):
    x_hat, gamma, inv_std = cache
    n = dout.size / dout.shape[1]
    dbeta = dout.sum(axis=(0, 2, 3), keepdims=True)
    dgamma = (dout * x_hat).sum(axis=(0, 2, 3), keepdims=True)
    dx = gamma * inv_std * (dout - dbeta / n - x_hat * dgamma / n)
    return dx, dgamma.ravel() / n, dbeta.ravel()
