"""Highest response ratio next (Brinch Hansen 1971), exactly: all ready contexts are compared, and
who has the CPU keeps it until it blocks. The ratio is (waited + service) / service, service being
the CPU time that it will use now: this one knows the future, and shows what the ratio can do."""
from fractions import Fraction

from policies.base import Base


class Policy(Base):
    slices = False

    def __init__(self, simulation):
        super().__init__(simulation)
        self.ready = []

    def add(self, context, why):
        task = context.task
        kind, *time = task.look_ahead()
        context.hrrn_service = max(1, task.op + (time[0] if kind == 'run' else 0))
        self.ready.append(context)

    def pick(self):
        now = self.simulation.now
        best = max(self.ready, key=lambda c: Fraction(now - c.queued_at, c.hrrn_service))
        self.ready.remove(best)
        return best
