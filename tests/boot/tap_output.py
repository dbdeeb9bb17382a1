"""How the programs in tests/boot report: TAP, one line a case, the guest's output with a failure."""


class Tap:
    """Prints one line a case."""

    def __init__(self, planned):
        self.number, self.failed = 0, False
        print(f"TAP version 13\n1..{planned}", flush=True)

    def result(self, good, name, output=""):
        self.number += 1
        self.failed |= not good
        print(f"{'ok' if good else 'not ok'} {self.number} - {name}", flush=True)
        if not good:
            print("".join(f"# {line}\n" for line in output.splitlines()[-30:]), flush=True)
