"""One thread for networks so small that a second one costs more than it computes."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute with one CPU thread until the block ends; also a decorator.

    A step of a laboratory's network multiplies matrices of a few thousand numbers. Waking a second
    thread for each of them made such steps three to four times slower on two cores. With one thread
    sums also have one order, so a state does not depend on the number of cores.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
