"""Work in processes of its own: two cores are used, and one that is killed takes nothing with it."""

import multiprocessing
import signal
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection

FORK = multiprocessing.get_context("fork")


def in_children(works: list[Callable[[], object]], may_be_killed: bool = False) -> list:
    """What each of the functions returns, all at once, each in a child; None for one that may be killed, and was.

    Raises AssertionError, with the child's own story, where one failed.
    """
    pipes = [FORK.Pipe(duplex=False) for _ in works]
    children = [FORK.Process(target=tell, args=(work, sender)) for work, (_, sender) in zip(works, pipes, strict=True)]
    for child, (_, sender) in zip(children, pipes, strict=True):
        child.start()
        sender.close()
    endings = {0, -signal.SIGKILL} if may_be_killed else {0}
    answers = [answer_of(child, receiver, endings) for child, (receiver, _) in zip(children, pipes, strict=True)]
    failed = [story for _, story in answers if story]
    assert not failed, "\n".join(failed)
    return [answer for answer, _ in answers]


def tell(work: Callable[[], object], sender: Connection) -> None:
    """Sends what `work` returns, and how it failed."""
    try:
        answer = (work(), None)
    except BaseException as error:  # The parent raises it.
        answer = (None, "".join(traceback.format_exception(error)))
    sender.send(answer)


def answer_of(child: multiprocessing.Process, receiver: Connection, endings: set[int]) -> tuple[object, str | None]:
    """What a child sent, when it has ended, which it must do in one of those ways."""
    try:
        answer = receiver.recv()
    except EOFError:
        answer = (None, None)
    child.join()
    receiver.close()
    return answer if child.exitcode in endings else (None, f"A child ended with {child.exitcode}.")
