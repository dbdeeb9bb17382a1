"""Round robin: first in, first out, but a slice at a time. This is the kernel's order for plain
contexts with budget == period."""
from policies import fifo


class Policy(fifo.Policy):
    slices = True
