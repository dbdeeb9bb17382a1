"""The textbook's multilevel feedback queue (Corbato 1962): a context that has used its allotment at
a level, in as many pieces as it likes, moves down; every second all move up again, so that none
starves. Lower levels have longer turns."""
from collections import deque

from engine import IN_FRONT
from policies.base import Base

LEVELS = 5
BOOST = 1_000_000  # us


class Policy(Base):
    def __init__(self, simulation):
        super().__init__(simulation)
        self.ready = [deque() for _ in range(LEVELS)]
        self.boosts = 0

    def new(self, context):
        context.mlfq_level = context.mlfq_used = context.mlfq_boosts = 0

    def _boost(self, context):
        """Up to level 0 when a second began since the last look."""
        boosts = self.simulation.now // BOOST
        if context.mlfq_boosts != boosts:
            context.mlfq_boosts, context.mlfq_level, context.mlfq_used = boosts, 0, 0

    def add(self, context, why):
        self._boost(context)
        if context.mlfq_used >= context.budget << context.mlfq_level:
            context.mlfq_level = min(context.mlfq_level + 1, LEVELS - 1)
            context.mlfq_used = 0
        queue = self.ready[context.mlfq_level]
        if why in IN_FRONT:
            queue.appendleft(context)
        else:
            queue.append(context)

    def pick(self):
        if self.boosts != self.simulation.now // BOOST:
            self.boosts = self.simulation.now // BOOST
            for queue in self.ready[1:]:
                for context in queue:
                    self._boost(context)
                self.ready[0].extend(queue)
                queue.clear()
        return next(queue for queue in self.ready if queue).popleft()

    def keeps(self, context):
        return (context.mlfq_used < context.budget << context.mlfq_level
                and not any(self.ready[:context.mlfq_level]))

    def preempts(self, context, running):
        self._boost(context)
        return context.mlfq_level < running.mlfq_level

    def ran(self, context, time):
        context.mlfq_used += time

    def level(self, context):
        return context.mlfq_level
