"""Import this before NumPy: one thread for linear algebra.

The matrices of this notebook are small. Several threads gain nothing on them, and on a busy machine they wait for one
another: an experiment of 2 seconds was seen to take 55.
"""

import os

for library in ("OPENBLAS", "MKL", "OMP"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")
