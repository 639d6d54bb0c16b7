"""A process that kills itself at the n-th step; beside the scripts that take it, which run by themselves."""

import os
import signal

done = 0


def step(last: int) -> None:
    global done
    done += 1
    if done == last:
        os.kill(os.getpid(), signal.SIGKILL)


def counted(last: int, of):
    """A function that is a step before, and one after."""

    def run(*given, **named):
        step(last)
        found = of(*given, **named)
        step(last)
        return found

    return run
