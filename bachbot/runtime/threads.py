"""One thread for NumPy's matrix products."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def one_thread() -> Iterator[None]:
    """Within the block, keep NumPy's BLAS to one thread of the process.

    The matrices of a single step are small: two threads spend longer waiting for each other than
    they save, and several times longer where another process has the second core.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1, user_api="blas"):
        yield
