"""Killed, interrupted, crowded out, without room or without its token: the same command goes on and repeats nothing."""

from __future__ import annotations

import shutil
import signal
import sqlite3
from pathlib import Path

import attrs
import pytest

from tests.integration.harvest.harvests import (
    as_sent,
    check_complete,
    found,
    harvest,
    list_command,
    paper,
    papers,
    resumptions,
)
from tests.support.cli import code_of, finish, run, start
from tests.support.feed_server import FOREVER, Fault, FeedServer, Kind, Request, resumed
from tests.support.killed import run_until_step

PAGES = 4
NEVER = 10**9


def stop_at(server: FeedServer, out: Path, request: int, how: signal.Signals = signal.SIGKILL) -> int:
    """Run the command and send it a signal when its n-th request arrives, before there is an answer."""
    began = len(server.requests)
    process = start(*list_command(server, out))

    def stop(arrived: Request) -> None:
        if len(server.requests) == began + request:
            process.send_signal(how)
            process.wait(60)

    server.before = stop
    try:
        done = finish(process)
    finally:
        process.kill()
        server.before = None
    assert len(server.requests) == began + request
    return done.returncode


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
@pytest.mark.parametrize("request_number", range(1, PAGES + 1))
def test_stopped_at_each_page(server: FeedServer, out: Path, request_number: int, how: signal.Signals) -> None:
    status = stop_at(server, out, request_number, how)
    assert status == (-signal.SIGKILL if how is signal.SIGKILL else 1)
    there = found(out)
    assert there == as_sent(server.papers[: 3 * (request_number - 1)])
    stopped = server.requests[-1].query
    done = harvest(server, out)
    assert done.returncode == 0, done.stderr
    assert len(server.requests) == PAGES + 1, "what was written down is not fetched again"
    assert server.requests[request_number].query == stopped
    assert found(out)[: len(there)] == there
    check_complete(out, server.papers)


def test_stopped_again_and_again(server: FeedServer, out: Path) -> None:
    for _ in range(3):
        assert stop_at(server, out, 1) == -signal.SIGKILL
        assert stop_at(server, out, 2) == -signal.SIGKILL
    assert harvest(server, out).returncode == 0
    assert len(set(resumptions(server))) == PAGES
    check_complete(out, server.papers)


@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
def test_killed_before_every_step_on_the_disk(server: FeedServer, out: Path) -> None:
    import pithbuilder.cli.harvest  # noqa: F401 - so that not each child has to load it

    command = list_command(server, out)
    step = 0
    while True:
        status = run_until_step(step, *command)
        if status is None:
            there = found(out)
            assert there == as_sent(server.papers)[: len(there)]
            status = run_until_step(NEVER, *command)
            assert len(server.requests) <= PAGES + 1, f"step {step}"
        else:
            assert step > 4 * PAGES
            step = NEVER
        assert status == 0
        check_complete(out, server.papers)
        assert not list(out.glob("*.tmp")) + list(out.glob(".*.tmp"))
        if step == NEVER:
            break
        shutil.rmtree(out)
        server.requests.clear()
        step += 1


def test_interrupted_while_it_waits(server: FeedServer, out: Path) -> None:
    server.faults = [Fault(Kind.UNAVAILABLE, on=resumed, retry_after=600)]
    process = start(*list_command(server, out))
    try:
        assert process.stderr is not None
        told = [process.stderr.readline(), process.stderr.readline()]
        assert b"; trying again in 600 s" in told[1]
        process.send_signal(signal.SIGINT)
        done = finish(process)
    finally:
        process.kill()
    assert done.returncode == 1
    assert f"3 records in {out}, not complete: the same command goes on" in done.stderr
    assert harvest(server, out).returncode == 0
    check_complete(out, server.papers)


def test_another_process_at_the_same_time(server: FeedServer, out: Path) -> None:
    refused: list[str] = []

    def crowd(request: Request) -> None:
        if len(server.requests) == 2:
            done = harvest(server, out)
            refused.append(f"{done.returncode} {code_of(done)}")

    server.before = crowd
    assert harvest(server, out).returncode == 0
    assert refused == ["1 harvest-busy"]
    assert len(server.requests) == PAGES, "the other one has asked for nothing"
    check_complete(out, server.papers)


@pytest.mark.parametrize(
    "options",
    [("--from", "2018-06-02"), ("--until", "2018-06-30"), ("--set", "cs"), ("--endpoint", "http://127.0.0.1:9/oai")],
    ids=lambda options: options[0],
)
def test_another_harvest_into_the_same_directory(server: FeedServer, out: Path, options: tuple[str, str]) -> None:
    stop_at(server, out, 3)
    before = found(out)
    done = harvest(server, out, *options)
    assert (done.returncode, code_of(done)) == (1, "harvest-other-request")
    assert options[0].removeprefix("--" if options[0] == "--endpoint" else "") in done.stderr
    assert found(out) == before
    assert harvest(server, out).returncode == 0
    check_complete(out, server.papers)


def test_other_speed_is_no_other_harvest(server: FeedServer, out: Path) -> None:
    stop_at(server, out, 3)
    assert harvest(server, out, "--delay", "0.001", "--backoff", "0.5", "--json", tries=9).returncode == 0
    assert len(server.requests) == PAGES + 1


@pytest.mark.parametrize("damage", ["garbage", "cut", "middle", "row", "list", "unknown member", "wrong type"])
def test_a_damaged_checkpoint(server: FeedServer, out: Path, damage: str) -> None:
    stop_at(server, out, 3)
    before = found(out)
    path = out / ".harvest.sqlite3"
    data = path.read_bytes()
    rows = {
        "row": "not JSON",
        "list": "[]",
        "unknown member": '{"pages": 2, "colour": "red"}',
        "wrong type": '{"pages": "two"}',
    }
    if damage in rows:
        database = sqlite3.connect(path)
        with database:
            database.execute("UPDATE harvest SET checkpoint = ?", (rows[damage],))
        database.close()
    else:
        parts = {
            "garbage": b"\x00garbage" * 1000,
            "cut": data[: len(data) // 2],
            "middle": data[:100] + b"\xff" * (len(data) - 100),
        }
        path.write_bytes(parts[damage])
    done = harvest(server, out)
    assert (done.returncode, code_of(done)) == (1, "harvest-unreadable")
    assert str(path) in done.stderr
    assert found(out) == before
    assert len(server.requests) == 3


@pytest.mark.parametrize("left", ["nothing", "an empty file"])
def test_pages_whose_checkpoint_is_lost_are_not_removed(server: FeedServer, out: Path, left: str) -> None:
    """What they hold may be gone from the server by now."""
    assert harvest(server, out).returncode == 0
    before = found(out)
    path = out / ".harvest.sqlite3"
    path.unlink()
    if left == "an empty file":
        path.touch()
    server.papers.clear()
    harvest(server, out)
    assert found(out) == before


@pytest.mark.parametrize("largest_file", [0, 100, 3000, 5000, 8192, 12288, 14000])
def test_a_full_disk(server: FeedServer, out: Path, largest_file: int) -> None:
    server.papers = papers(60)
    server.page_size = 15
    done = run(*list_command(server, out), largest_file=largest_file)
    assert (done.returncode, code_of(done)) == (1, "write-failed"), done.stderr
    there = found(out)
    assert there == as_sent(server.papers)[: len(there)]
    assert harvest(server, out).returncode == 0
    check_complete(out, server.papers)


def test_a_directory_that_cannot_be_made(server: FeedServer, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = harvest(server, tmp_path / "file" / "harvest")
    assert (done.returncode, code_of(done)) == (1, "write-failed")
    assert server.requests == []


def test_what_has_changed_since(server: FeedServer, out: Path) -> None:
    server.response_date = "2018-06-06T23:59:59Z"
    assert harvest(server, out).returncode == 0
    before = found(out)
    server.requests.clear()
    again = harvest(server, out)
    assert again.returncode == 0
    assert server.requests[0].query["from"] == "2018-06-06", "the server's day, not that of this machine"
    assert len(server.requests) == 1
    assert "received 1, new 0; " in again.stderr
    assert found(out) == before
    server.papers[4] = attrs.evolve(server.papers[4], title="Another title", datestamp="2018-06-07")
    server.papers += [paper(30, datestamp="2018-06-06"), paper(31, datestamp="2018-06-08")]
    new = as_sent([server.papers[-2], server.papers[4], server.papers[-1]])
    server.response_date = "2018-06-09T01:00:00Z"
    assert harvest(server, out).returncode == 0
    assert found(out) == before + new
    server.requests.clear()
    assert harvest(server, out).returncode == 0
    assert server.requests[0].query["from"] == "2018-06-09"
    assert found(out) == before + new


def test_what_has_changed_since_a_day_to_come(server: FeedServer, out: Path) -> None:
    """The server's clock is behind the day that was asked for: nothing from before that day is fetched."""
    server.response_date = "2018-05-01T00:00:00Z"
    server.papers = [paper(1, datestamp="2018-05-02"), paper(9)]
    for _ in range(2):
        assert harvest(server, out).returncode == 0
    check_complete(out, server.papers[1:])


def test_complete_with_a_last_day_there_is_nothing_to_do(server: FeedServer, out: Path) -> None:
    for _ in range(2):
        done = harvest(server, out, "--until", "2018-06-30")
        assert done.returncode == 0
        assert done.stderr.endswith(f"11 records in {out}, complete\n")
    assert len(server.requests) == PAGES
    check_complete(out, server.papers)


@pytest.mark.parametrize("at", [2, 3, 4])
@pytest.mark.parametrize("shuffled", [False, True])
def test_the_token_is_gone_after_a_kill(server: FeedServer, out: Path, at: int, shuffled: bool) -> None:
    server.papers = [attrs.evolve(one, datestamp=f"2018-06-{number + 1:02}") for number, one in enumerate(papers(11))]
    if shuffled:
        server.faults = [Fault(Kind.SHUFFLE, times=FOREVER)]
    stop_at(server, out, at)
    server.forget_tokens()
    server.requests.clear()
    done = harvest(server, out)
    assert done.returncode == 0, done.stderr
    assert "begun again" in done.stderr
    begun = "2018-06-01" if shuffled or at == 2 else f"2018-06-{3 * (at - 1):02}"  # one page is no order
    assert server.requests[1].query["from"] == begun
    check_complete(out, server.papers)


def test_the_token_expires_on_the_way(server: FeedServer, out: Path) -> None:
    server.faults = [Fault(Kind.EXPIRED_TOKEN, on=lambda request: resumed(request) and len(server.requests) == 3)]
    done = harvest(server, out)
    assert done.returncode == 0, done.stderr
    assert server.requests[3].query["from"] == "2018-06-03"
    check_complete(out, server.papers)
    server.requests.clear()
    server.response_date = "2030-01-01T00:00:00Z"
    assert harvest(server, out).returncode == 0
    assert server.requests[0].query["from"] == "2026-05-18", "when the list was first begun"


def check_that_it_goes_on(server: FeedServer, out: Path) -> None:
    """Run the same command up to three times: then all is there."""
    codes = []
    for _ in range(3):
        done = harvest(server, out)
        if done.returncode == 0:
            break
        codes.append(code_of(done))
    assert done.returncode == 0, f"the same command never goes on: {codes}"
    check_complete(out, server.papers)


def test_the_token_expires_where_all_is_known(server: FeedServer, out: Path) -> None:
    """Begun again, the list brings known records first; a second token that expires there is no reason to give up."""
    server.papers = [attrs.evolve(one, datestamp="2018-06-01") for one in papers(11)]
    stop_at(server, out, 4)
    server.forget_tokens()
    stop_at(server, out, 3)
    server.forget_tokens()
    check_that_it_goes_on(server, out)


def test_the_token_of_a_later_harvest_expires_where_all_is_known(server: FeedServer, out: Path) -> None:
    server.response_date = "2018-06-01T12:00:00Z"
    assert harvest(server, out).returncode == 0
    server.papers.append(paper(30))
    stop_at(server, out, 2)
    server.forget_tokens()
    check_that_it_goes_on(server, out)


def test_a_server_that_forgets_every_token(server: FeedServer, out: Path) -> None:
    server.faults = [Fault(Kind.EXPIRED_TOKEN, on=resumed, times=FOREVER)]
    server.papers = [attrs.evolve(one, datestamp="2018-06-01") for one in papers(11)]
    done = harvest(server, out)
    assert (done.returncode, code_of(done)) == (1, "oai-token-expired")
    assert len(server.requests) <= 2 * PAGES
    check_complete(out, server.papers[:3])
    server.faults.clear()
    done = harvest(server, out)
    assert done.returncode == 0, f"the server remembers again: {done.stderr}"
    check_complete(out, server.papers)
