"""Signals that end a run become one exception, so that every `finally` on the way out runs and
nothing stays behind: no emulator, no scratch folder, no terminal without echo.
"""
import contextlib
import signal

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """Not an Exception: nothing on the way may catch it by accident."""

    def __init__(self, number):
        super().__init__(f'signal {number}')
        self.status = 128 + number


def _raise(number, _frame):
    # The way out must not be interrupted again.
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise Interrupted(number)


def install():
    for number in SIGNALS:
        signal.signal(number, _raise)


@contextlib.contextmanager
def deferred():
    """Inside, signals wait: for steps after which something exists that must be cleaned up."""
    old = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, old)
