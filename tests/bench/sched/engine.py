"""A discrete-event simulator of one CPU: strict priorities, one policy object for each priority.

Time is in whole microseconds, everything is deterministic. A *context* (scheduling context) is what
policies order; a *task* is a program that runs on the context it holds. A passive server has none:
a call lends it the caller's, as in the kernel. The order of events follows microkernel/sched, so
that a run can be compared with the kernel's event ring (compare.py). What a task does is a stream
of operations, see workload.py; policies: policies/README.md; figures: metrics.py.
"""
from collections import deque
from enum import Enum
import heapq

MIN_BUDGET = 20  # a slice with less than this left is over at the next kernel entry


class Why(Enum):
    """Why a context goes into the ready queue."""
    NEW = 'new'
    WAKE = 'wake'              # it was blocked
    WAKE_FRONT = 'wake-front'  # ... and a thread of higher priority woke it: seL4 puts it in front
    SLICE = 'slice'            # its slice is over
    YIELD = 'yield'            # it gave up the rest of its slice
    PREEMPTED = 'preempted'    # something better became ready; its slice is not over
    HANDED = 'handed'          # another task runs on it now (call to or reply by a passive server)
    DIRECT = 'direct'          # the running task woke it and blocked: seL4 switches to it at once


IN_FRONT = (Why.WAKE_FRONT, Why.PREEMPTED, Why.HANDED, Why.DIRECT)  # where seL4's order wants it


class Context:
    """A scheduling context: `budget` us of CPU time are one slice. Policies add fields of their own."""

    def __init__(self, name, budget, plain=False):
        self.name, self.budget, self.plain = name, budget, plain
        self.left = budget       # of the slice
        self.task = None         # who runs on it
        self.queued_at = None
        self.jobs = []           # finished: Job
        self.job = None
        self.cpu = 0             # all the time it got
        self.worst_wait = 0      # longest single time in a ready queue
        self.waited = 0
        self.dispatches = 0


class Job:
    """From an arrival (start, or end of a sleep) to the next sleep or the end."""
    __slots__ = ('arrival', 'first', 'end', 'cpu')

    def __init__(self, arrival):
        self.arrival, self.first, self.end, self.cpu = arrival, None, None, 0


class Task:
    """A program at a priority. `server`: a function from a request to a stream of operations."""

    def __init__(self, name, priority, program=None, server=None):
        self.name, self.priority = name, priority
        self.program, self.server = program, server
        self.context = None
        self.own = None          # an active server's or a client's own context
        self.op = 0              # what is left of ('run', us)
        self.callers = deque()   # a server's: blocked tasks with their requests
        self.client = None       # a server's: whom it works for
        self.idle = server is not None
        self.ahead = None        # the next operation, when somebody looked

    def look_ahead(self):
        """The next operation, for policies that know the future."""
        if self.ahead is None:
            self.ahead = next(self.program, ('end',))
        return self.ahead

    def next_operation(self):
        operation, self.ahead = self.look_ahead(), None
        return operation


class Simulation:
    """Run with run(until); results are in contexts, dispatches and busy."""

    def __init__(self, policy_class, timer=None):
        """timer (first, period): not interrupts, but a thread of higher priority ends sleeps, at
        these times; a sleep lasts so many whole ms of its ticks."""
        self.policy_class, self.timer = policy_class, timer
        self.now = 0
        self.queues = {}         # priority: policy
        self.ready = {}          # priority: how many are in its queue
        self.contexts, self.tasks = [], {}
        self.events, self.event_number = [], 0
        self.current = None      # the context that runs
        self.last = None         # the one dispatched last, and its task
        self.dispatches = []     # (time, context, task, level)
        self.idle = []           # times at which nothing was ready any more
        self.busy = 0
        self.watch = None        # called with (simulation) before each dispatch, for tests

    # Building a workload

    def queue(self, priority):
        if priority not in self.queues:
            self.queues[priority] = self.policy_class(self)
            self.ready[priority] = 0
        return self.queues[priority]

    def add(self, task, context=None, start=0):
        """A task; with a context it begins at `start` (a server: waits for calls on its own)."""
        self.tasks[task.name] = task
        task.own = context
        if context is None:
            return
        context.task, task.context = task, context
        self.contexts.append(context)
        self.queue(task.priority).new(context)
        if task.server is None:
            self.at(start, self._start, context)

    def at(self, time, function, *arguments, order=None):
        self.event_number += 1
        heapq.heappush(self.events, (time, order or self.event_number, function, arguments))

    # The main loop

    def run(self, until):
        while True:
            event = self.events[0][0] if self.events else until + 1
            end = self._segment_end(until + 1)
            if min(event, end) > until:
                break
            if end <= event:
                self._advance(end)
                self._segment_over()
            else:
                self._advance(event)
                _, _, function, arguments = heapq.heappop(self.events)
                function(*arguments)
                if self.timer and self.events and self.events[0][0] == event:
                    continue  # the timer's thread ends all sleeps that are over in one go
            if self.current is None:
                self._pick()
        self._advance(until)

    def _segment_end(self, never):
        context = self.current
        if context is None:
            return never
        remaining = context.task.op
        if self.queues[context.task.priority].slices and context.left < remaining:
            remaining = context.left
        return self.now + remaining

    def _advance(self, time):
        context, passed = self.current, time - self.now
        self.now = time
        if context is None or passed == 0:
            return
        context.left -= passed
        context.task.op -= passed
        context.cpu += passed
        context.job.cpu += passed
        self.busy += passed
        self.queues[context.task.priority].ran(context, passed)

    def _segment_over(self):
        """The slice, or the current run operation, is over. The slice first, as in the kernel: a
        thread that enters it with too little left repeats what it wanted in its next slice."""
        context = self.current
        policy = self.queues[context.task.priority]
        if policy.slices and context.left < MIN_BUDGET:
            context.left = context.budget
            if not policy.keeps(context):
                self._requeue(context, Why.SLICE)
            return
        self._step(context.task)

    # What tasks do

    def _start(self, context):
        context.job = Job(self.now)
        self._wake(context, Why.WAKE if self.timer else Why.NEW)

    def _step(self, task):
        """The current task's next operation."""
        operation = task.next_operation()
        kind = operation[0]
        if kind == 'run':
            task.op = operation[1]
        elif kind == 'yield':
            self._yield(task.context)
        elif kind == 'sleep':
            self._sleep(task.context, operation[1])
        elif kind == 'call':
            self._call(task, self.tasks[operation[1]], operation[2])
        elif task.client is not None:
            self._reply(task)
        else:
            self._end_job(task.context)
            self._block(task.context)

    def _sleep(self, context, time):
        self._end_job(context)
        self._block(context)
        order = None
        if self.timer:
            first, period = self.timer
            ticks = int((self.now - first) // period) + 1 if self.now >= first else 0
            time = int(first + (ticks + time // 1000 - 1) * period) - self.now
            order = self.contexts.index(context) - len(self.contexts)  # as it goes through them
        self.at(self.now + time, self._arrive, context, order=order)

    def _arrive(self, context):
        context.job = Job(self.now)
        context.task.op = 0
        self._wake(context, Why.WAKE)

    def _yield(self, context):
        context.task.op = 0
        context.left = context.budget
        self._requeue(context, Why.YIELD)

    def _call(self, client, server, request):
        if server.idle:
            server.idle = False
            self._serve(client, server, request)
        else:
            server.callers.append((client, request))
            self._block(client.context)

    def _serve(self, client, server, request):
        """The current client is answered by a server that waits."""
        self._begin(client, server, request)
        if server.own is None:
            self._hand(client.context, server)
        else:
            self._block(client.context)
            server.context.job = Job(self.now)
            self._switch_to(server.context)

    def _begin(self, client, server, request):
        server.client, server.program, server.op = client, server.server(request), 0

    def _reply(self, server):
        """ReplyRecv: the client goes on; the server takes the next caller or waits."""
        client, server.client = server.client, None
        client.op = 0
        if server.own is None:
            self._hand(server.context, client)
            server.idle = not server.callers
            if server.callers:
                waiting, request = server.callers.popleft()
                self._begin(waiting, server, request)
                self._hand(waiting.context, server)
                self._enqueue(server.context, Why.WAKE_FRONT)
            return
        self._end_job(server.context)
        if server.callers:
            waiting, request = server.callers.popleft()
            self._begin(waiting, server, request)
            server.context.job = Job(self.now)
            self._wake(client.context, Why.WAKE)
        else:
            server.idle = True
            self._block(server.context)
            self._switch_to(client.context)

    def _hand(self, context, task):
        """`task` goes on, on this context. If that was running, the best of all is chosen anew."""
        context.task.context = None
        context.task, task.context = task, context
        if context is self.current:
            self._requeue(context, Why.HANDED)

    def _end_job(self, context):
        context.job.end = self.now
        context.jobs.append(context.job)

    # Queues

    def _enqueue(self, context, why):
        priority = context.task.priority
        context.queued_at = self.now
        self.queue(priority).add(context, why)
        self.ready[priority] += 1

    def _block(self, context):
        assert context is self.current
        self.queues[context.task.priority].blocked(context)
        self.current = None

    def _requeue(self, context, why):
        self.current = None
        self._enqueue(context, why)

    def _pick(self):
        ready = [priority for priority, count in self.ready.items() if count]
        if not ready:
            if self.last is not None:
                self.idle.append(self.now)
            self.last = None
            return
        context = self.queues[max(ready)].pick()
        self.ready[max(ready)] -= 1
        self.current = context
        self._dispatched(context)

    def _dispatched(self, context):
        if context.job.first is None:
            context.job.first = self.now
        wait = self.now - context.queued_at
        context.queued_at = None
        context.waited += wait
        context.worst_wait = max(context.worst_wait, wait)
        if (context, context.task) == self.last:
            return  # it was only asked whether something is better
        self.last = context, context.task
        context.dispatches += 1
        level = self.queues[context.task.priority].level(context)
        self.dispatches.append((self.now, context.name, context.task.name, level))
        if self.watch:
            self.watch(context, wait)

    def _wake(self, context, why):
        """Something became ready while the current context, if any, could go on."""
        current = self.current
        if self.timer and why is Why.WAKE and context.task.server is None:
            if current is not None:
                self._requeue(current, Why.PREEMPTED)
            self._enqueue(context, Why.WAKE_FRONT)
        elif current is None:
            self._enqueue(context, why)
        elif context.task.priority < current.task.priority:
            self._enqueue(context, Why.WAKE_FRONT if why is Why.WAKE else why)
        else:
            if context.task.priority > current.task.priority or \
                    self.queue(context.task.priority).preempts(context, current):
                self._requeue(current, Why.PREEMPTED)
            self._enqueue(context, why)

    def _switch_to(self, context):
        """The current context blocked and made this one ready: seL4 runs it at once if nothing of
        higher priority is ready. A policy may object."""
        priority = context.task.priority
        above = any(count for other, count in self.ready.items() if other > priority)
        self._enqueue(context, Why.WAKE_FRONT if above else Why.DIRECT)
