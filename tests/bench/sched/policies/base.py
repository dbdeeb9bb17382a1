"""What the simulator asks of a policy. One object orders the ready contexts of one priority; the
running context is in no queue. Everything but `add` and `pick` has a default.

A policy may keep fields of its own in the contexts; `new` is the place to create them.
"""


class Base:
    slices = True  # False: a context runs until it blocks

    def __init__(self, simulation):
        self.simulation = simulation  # .now is the time in us

    def new(self, context):
        """A context that will be used at this priority."""

    def add(self, context, why):
        """Queue a ready context. `why`: engine.Why."""
        raise NotImplementedError

    def pick(self):
        """Take out and return the one to run; only called when one is there."""
        raise NotImplementedError

    def keeps(self, context):
        """The running context's slice is over: may it have another without being queued?"""
        return False

    def preempts(self, context, running):
        """Shall a context that wakes take the CPU from a running one of the same priority?"""
        return False

    def ran(self, context, time):
        """The context used `time` us."""

    def blocked(self, context):
        """The context, which ran, waits for something now."""

    def level(self, context):
        """A number for the record of dispatches."""
        return 0
