"""One thread for networks so small that a second one costs more than it computes."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

_changing = threading.Lock()
_inside: set[int] = set()  # threads that compute in a block now
_outside = 0  # threads there are outside of blocks; 0 until the first one begins


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute with one CPU thread until the block ends; also a decorator.

    A step of a laboratory's network multiplies matrices of a few thousand numbers. Waking a second
    thread for each of them made such steps three to four times slower on two cores. With one thread
    sums also have one order, so a state does not depend on the number of cores.
    """
    global _outside
    me = threading.get_ident()
    if me in _inside:  # the outer block gives the number back
        yield
        return
    with _changing:
        if not _inside and _own_number():
            _outside = torch.get_num_threads()
        _inside.add(me)
        torch.set_num_threads(1)
    try:
        yield
    finally:
        with _changing:
            _inside.remove(me)
            torch.set_num_threads(_outside)


def _own_number() -> bool:
    """Whether this thread's number can be trusted to be the one that holds outside of blocks.

    A thread takes over what another one set last when it first computes. If that was within a block,
    its number is that block's 1, and giving it back would leave matrix products, whose number is
    the whole process's, with one thread for good.
    """
    main = threading.current_thread() is threading.main_thread()
    return main or not _outside or torch.get_num_threads() > 1
