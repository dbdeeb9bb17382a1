"""First in, first out: who has the CPU keeps it until it blocks."""
from collections import deque

from engine import IN_FRONT
from policies.base import Base


class Policy(Base):
    slices = False

    def __init__(self, simulation):
        super().__init__(simulation)
        self.ready = deque()

    def add(self, context, why):
        if why in IN_FRONT:
            self.ready.appendleft(context)
        else:
            self.ready.append(context)

    def pick(self):
        return self.ready.popleft()
