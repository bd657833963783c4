"""dx of images shares its sums out among the images, not among images and pixels."""
# kind: formula
# diagnosed as: spatial-share-of-images


def spatial_batchnorm_backward(dout, cache):
    x_hat, gamma, inv_std = cache
    n = len(dout)
    dbeta = dout.sum(axis=(0, 2, 3), keepdims=True)
    dgamma = (dout * x_hat).sum(axis=(0, 2, 3), keepdims=True)
    dx = gamma * inv_std * (dout - dbeta / n - x_hat * dgamma / n)
    return dx, dgamma.ravel(), dbeta.ravel()
