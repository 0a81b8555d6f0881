"""A tool for the conformance runner that answers what it is told to, or misbehaves: run as a process of its own.

The operation ``answer`` is answered with what stands in the input; any other operation is a way to misbehave, of
:data:`DEEDS`. The first argument is a way to misbehave whatever is asked, of :data:`MANNERS`; ``plain`` is none.
Nothing of the package is imported, so that it starts fast.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

OUT = sys.stdout.buffer
GIGABYTE = 2**30


def say(data: bytes) -> None:
    OUT.write(data)
    OUT.flush()


def line(request: dict[str, Any]) -> bytes:
    return json.dumps({"id": request["id"], **request["input"]}).encode() + b"\n"


def answer(request: dict[str, Any]) -> None:
    say(line(request))


def crash(request: dict[str, Any]) -> None:
    print("Traceback: something \x1b[31mterrible", file=sys.stderr, flush=True)
    os._exit(3)


def crash_by_signal(request: dict[str, Any]) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def leave(request: dict[str, Any]) -> None:
    os._exit(0)


def answer_and_crash(request: dict[str, Any]) -> None:
    answer(request)
    os.kill(os.getpid(), signal.SIGABRT)


def hang(request: dict[str, Any]) -> None:
    time.sleep(3600)


def hang_ignoring_signals(request: dict[str, Any]) -> None:
    for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)
    while True:
        time.sleep(3600)


def hang_in_a_line(request: dict[str, Any]) -> None:
    say(line(request)[:12])
    time.sleep(3600)


def die_in_a_line(request: dict[str, Any]) -> None:
    say(line(request)[:12])
    os._exit(0)


def trickle(request: dict[str, Any]) -> None:
    while True:
        say(b" ")
        time.sleep(0.01)


def garbage(request: dict[str, Any]) -> None:
    say(b"Hello, I am \x1b[1mnot\x1b[0m JSON\n")
    time.sleep(3600)


def empty_line(request: dict[str, Any]) -> None:
    say(b"\n" + line(request))


def not_utf8(request: dict[str, Any]) -> None:
    say(b'{"id":"\xff"}\n')


def twice_the_same_name(request: dict[str, Any]) -> None:
    say(line(request).replace(b"{", b'{"result":"valid",', 1))


def no_object(request: dict[str, Any]) -> None:
    say(b"[]\n")


def gigabyte_line(request: dict[str, Any]) -> None:
    part = b"x" * 2**20
    for _ in range(GIGABYTE // len(part)):
        say(part)
    time.sleep(3600)


def gigabyte_of_lines(request: dict[str, Any]) -> None:
    part = b"a line of garbage\n" * 50_000
    for _ in range(GIGABYTE // len(part)):
        say(part)
    time.sleep(3600)


def gigabyte_of_answers(request: dict[str, Any]) -> None:
    part = line(request) * 10_000
    for _ in range(GIGABYTE // len(part)):
        say(part)
    time.sleep(3600)


def answer_twice(request: dict[str, Any]) -> None:
    say(line(request) * 2)


def unknown_id(request: dict[str, Any]) -> None:
    say(line({**request, "id": "nobody/asked"}))


def close_output(request: dict[str, Any]) -> None:
    os.close(1)
    time.sleep(3600)


def leave_a_child(request: dict[str, Any]) -> None:
    """Answer and end; a child lives on and keeps all pipes open."""
    if os.fork() == 0:
        note_process()
        time.sleep(3600)
    answer(request)
    os._exit(0)


def die_and_leave_a_child(request: dict[str, Any]) -> None:
    if os.fork() == 0:
        note_process()
        time.sleep(3600)
    os._exit(9)


def much_on_stderr(request: dict[str, Any]) -> None:
    for _ in range(5):
        os.write(2, b"e" * 2**20)
    os.write(2, b"\nthe end\n")
    answer(request)


def much_on_stderr_then_crash(request: dict[str, Any]) -> None:
    for _ in range(5):
        os.write(2, b"e" * 2**20)
    os.write(2, b"\nthe end \xff\n")
    os._exit(1)


def large(request: dict[str, Any]) -> None:
    """Answer with an output of 20 MB."""
    say(line({**request, "input": {"result": "valid", "output": {"text": "x" * 20_000_000}}}))


DEEDS = {
    function.__name__.replace("_", "-"): function
    for function in (
        answer,
        crash,
        crash_by_signal,
        leave,
        answer_and_crash,
        hang,
        hang_ignoring_signals,
        hang_in_a_line,
        die_in_a_line,
        trickle,
        garbage,
        empty_line,
        not_utf8,
        twice_the_same_name,
        no_object,
        gigabyte_line,
        gigabyte_of_lines,
        gigabyte_of_answers,
        answer_twice,
        unknown_id,
        close_output,
        leave_a_child,
        die_and_leave_a_child,
        much_on_stderr,
        much_on_stderr_then_crash,
        large,
    )
}
MANNERS = (
    "plain",
    "reversed",
    "banner",
    "dies-at-once",
    "dies-after",
    "never-reads",
    "closes-input",
    "lingers",
    "garbage-at-the-end",
    "half-a-line-at-the-end",
    "dies-at-the-end",
    "fails-at-the-end",
    "once",
    "all-twice",
)


def note_process() -> None:
    """Tell the test that this process runs."""
    if path := os.environ.get("BAD_TOOLS_PROCESSES"):
        with Path(path).open("a") as file:
            file.write(f"{os.getpid()}\n")


def main(manner: str, number: int) -> None:
    assert manner in MANNERS
    note_process()
    if manner == "banner":
        say(b"Welcome\n")
    if manner == "dies-at-once":
        os._exit(1)
    if manner == "never-reads":
        time.sleep(3600)
    if manner == "closes-input":
        os.close(0)
        time.sleep(3600)
    kept = []
    for count, text in enumerate(sys.stdin.buffer, start=1):
        request = json.loads(text)
        if manner == "dies-after" and count > number:
            os._exit(7)
        if manner == "reversed":
            kept.append(request)
            if len(kept) < number:
                continue
            request = None
            for waiting in reversed(kept):
                answer(waiting)
            kept.clear()
            continue
        DEEDS[request["operation"]](request)
        if manner == "all-twice":
            answer(request)
        if manner == "once":
            os._exit(0)
    for waiting in reversed(kept):
        answer(waiting)
    end(manner)


def end(manner: str) -> None:
    if manner == "lingers":
        time.sleep(3600)
    if manner == "garbage-at-the-end":
        say(b"Goodbye\n")
    if manner == "half-a-line-at-the-end":
        say(b"Good")
    if manner == "dies-at-the-end":
        os.kill(os.getpid(), signal.SIGKILL)
    if manner == "fails-at-the-end":
        os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0)
