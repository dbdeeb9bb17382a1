"""The kernel's feedback class: a multilevel feedback queue whose last level is ordered by highest
response ratio next. The numbers of the rules are those of docs/decisions/006; the arithmetic is
the kernel's, bit for bit (whole us, but waits in the resolution of the clock), so that the two can be
compared (compare.py).

`Rules` switches single corrections off, to show what each is for.
"""
from collections import deque
from dataclasses import dataclass

from engine import Why
from policies.base import Base

LEVELS = 5
LAST = LEVELS - 1
LEAST_SERVICE, MOST_SERVICE = 16, 1 << 20  # us; the ratio works with a service in [least, most)
BUCKETS = 32
AGE = 100_000        # us that a context waits at least before it is lifted
AGE_RATIO = 16       # ... and at the last level as many times its service
AGE_INTERVAL = 10_000  # us between two lifts
MOST_WAIT = (1 << 43) - 1


def bucket_of(service):
    """Octave and one bit of mantissa: within a bucket services differ by less than 1.5 times."""
    service = min(max(service, LEAST_SERVICE), MOST_SERVICE - 1)
    octave = service.bit_length() - 1
    return (octave - 4) * 2 + (service >> (octave - 1) & 1)


def bucket_floor(bucket):
    """Least service of a bucket."""
    return (2 | bucket & 1) << (bucket // 2 + 3)


@dataclass
class Rules:
    burst_counts: bool = True     # F1: a burst that goes on counts as service at its length so far
    oldest_overdue: bool = True   # F2: lift the one overdue longest, not that of the largest ratio
    limit_by_queue: bool = True   # F2b: ... by a limit that is the same for its whole queue
    lift_last: bool = True        # F3: contexts of the last level are lifted over their peers
    lifted_to_tail: bool = True   # F4: after a lifted slice to the tail
    yield_demotes: bool = True    # F5: used time counts when a context yields
    exact_used: bool = True       # F6: used time is real CPU time, not whole slices
    short_sleeps: bool = True     # F13: a sleep shorter than the burst before does not end it


class Policy(Base):
    rules = Rules()

    def __init__(self, simulation):
        super().__init__(simulation)
        self.queues = [deque() for _ in range(LAST + BUCKETS)]
        self.direct = None       # who runs next without having been queued (rule 11)
        self.next_look = 0
        self.handed = False      # the kernel's fast path hands over without a look for the starved

    def new(self, c):
        c.level = c.used = c.asleep = c.burst = c.since = c.stopped = c.queue = 0
        c.service = 0
        c.lifted = False

    # Where a context goes

    def _index(self, c):
        return c.level if c.level < LAST else LAST + bucket_of(c.service)

    def _head(self, c):
        """It keeps its turn, unless its queue would not be in the order of `since` then."""
        queue = self.queues[c.queue]
        if c.queue == 0 or not queue or c.since <= queue[0].since and not self._in_turn(queue[0]):
            c.stopped = self.simulation.now
            queue.appendleft(c)
        else:
            self._tail(c)

    @staticmethod
    def _in_turn(c):
        """Whether a queued context was stopped in its turn, after its wait."""
        return c.stopped != c.since

    def _tail(self, c):
        c.lifted = False
        c.since = c.stopped = self.simulation.now
        c.queue = self._index(c)
        self.queues[c.queue].append(c)

    def add(self, c, why):
        self.handed = why is Why.HANDED
        if why is Why.WAKE or why is Why.WAKE_FRONT or why is Why.DIRECT:
            self._woken(c)
        if why is Why.SLICE or why is Why.YIELD:
            self._slice_over(c, why is Why.YIELD)
        elif why in (Why.PREEMPTED, Why.HANDED) or c.plain and why is Why.WAKE_FRONT:
            self._head(c)
        elif why is Why.DIRECT and (c.level == 0 or self._best() == LEVELS):
            c.since, c.queue = self.simulation.now, self._index(c)
            self.direct = c
        else:
            self._tail(c)

    def _woken(self, c):
        """Rules 8 and 9: who mostly waited goes up a level."""
        asleep = int(self.simulation.now - c.since)
        c.asleep += asleep
        rises = self._rises(c)
        if rises:
            c.level -= 1
            c.used = c.asleep = 0
        if rises or asleep >= int(c.burst) or not self.rules.short_sleeps:
            difference = int(c.burst) - c.service
            c.service += difference // 4 if difference >= 0 else -(-difference // 4)
            c.burst = 0

    def _rises(self, c):
        return (c.level > 0 and int(c.used) + c.asleep >= 4 * (c.budget << c.level)
                and c.asleep >= 3 * int(c.used))

    def _used_up(self, c):
        return not c.plain and c.used >= c.budget << c.level

    def _slice_over(self, c, yields):
        """Rules 5, 6 and 12: the rest of the allotment is used at the head of its queue."""
        if not self.rules.exact_used and not yields:
            c.used += c.budget
        used_up = self._used_up(c)
        if yields and not self.rules.yield_demotes:
            used_up = False
        stays = c.level > 0 and not (c.lifted and self.rules.lifted_to_tail)
        if stays and not used_up and not yields:
            if c.lifted:
                c.lifted, c.queue = False, self._index(c)
            self._head(c)
            return
        if used_up:
            c.level = min(c.level + 1, LAST)
            c.used = c.asleep = 0
            if self.rules.burst_counts and c.burst > c.service:
                c.service = int(c.burst)
        self._tail(c)

    # Which is next

    def _best(self):
        """The best level with a ready context."""
        for index, queue in enumerate(self.queues):
            if queue:
                return min(index, LAST)
        return LEVELS

    def pick(self):
        if self.direct is not None:
            c, self.direct = self.direct, None
            return c
        if not self.handed:
            self._lift()
        self.handed = False
        index = next(i for i, queue in enumerate(self.queues) if queue)
        if index >= LAST:
            index = self._highest_ratio()
        return self.queues[index].popleft()

    def _waited(self, c):
        return min(self.simulation.now - c.since, MOST_WAIT)

    @staticmethod
    def _service(c):
        return min(max(c.service, LEAST_SERVICE), MOST_SERVICE - 1)

    def _highest_ratio(self):
        best = None
        for index in range(LAST, LAST + BUCKETS):
            if self.queues[index]:
                head = self.queues[index][0]
                if best is None or self._waited(head) * self._service(best) > \
                        self._waited(best) * self._service(head):
                    best = head
        return best.queue

    def _limit(self, index):
        """How long the head of a queue waits before it is overdue; the same for a whole queue, so
        that the head always is the first to be."""
        if not self.rules.limit_by_queue:
            return max(AGE_RATIO * self._service(self.queues[index][0]), AGE)
        return AGE if index < LAST else max(AGE_RATIO * bucket_floor(index - LAST), AGE)

    def _lift(self):
        """Rule 14: one overdue context goes to the tail of level 0 for one slice."""
        now = self.simulation.now
        best = next(i for i, queue in enumerate(self.queues) if queue)
        if now < self.next_look or best >= LAST and not self.rules.lift_last:
            return
        candidates = [i for i in range(best + 1 if best < LAST else LAST, LAST + BUCKETS)
                      if self.queues[i]]
        if not candidates and best == 0:
            return  # the kernel's short way: only level 0
        self.next_look = now + AGE_INTERVAL
        found = (self._overdue if self.rules.oldest_overdue else self._overdue_by_ratio)(candidates)
        if found is None:
            return
        self.queues[found.queue].remove(found)
        found.lifted, found.queue = True, 0
        self.queues[0].append(found)

    def _overdue(self, candidates):
        """The one that is overdue for longest; of equals the last. The first of a queue to be is its
        head, or the next one if the head was stopped in its turn."""
        now, found, longest = self.simulation.now, None, 0
        for index in candidates:
            queue = self.queues[index]
            second = len(queue) > 1 and self._in_turn(queue[0])
            for c in (queue[0], queue[1]) if second else (queue[0],):
                late = now - c.stopped - self._limit(index)
                if late >= longest:
                    found, longest = c, late
        return found

    def _overdue_by_ratio(self, candidates):
        """As the rules were first written."""
        found = None
        for index in candidates:
            head = self.queues[index][0]
            if found is None or self._waited(head) * self._service(found) > \
                    self._waited(found) * self._service(head):
                found = head
        if found and self._waited(found) >= max(AGE_RATIO * self._service(found), AGE):
            return found
        return None

    # What happens to the running one

    def preempts(self, c, running):
        """Whenever something wakes the best is chosen anew; the running one is first in its queue."""
        return True

    def ran(self, c, time):
        c.burst += time
        if self.rules.exact_used:
            c.used += time

    def blocked(self, c):
        c.since, c.lifted = self.simulation.now, False

    def level(self, c):
        return c.level
