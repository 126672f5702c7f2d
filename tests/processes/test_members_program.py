"""The program's commands for who is there: what they ask of a node that runs, and what nodes do for scripts."""

import json
import os
import pty
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.processes.harness import Program, Rumor, environment, wait_until, write_config
from tests.processes.test_joining import peer
from tests.processes.test_pairings import our_seeds
from tests.processes.test_program import outcome
from tests.processes.test_up import up

SPEAKING = ("members", "neighbors", "why", "request", "ask", "tags", "leave", "reload")

RESPONDER = """
import asyncio, sys, rumor

async def main():
    async with rumor.Peer("127.0.0.1:0", join=[sys.argv[1]], name="oracle", settings="local") as peer:
        @peer.responder("shout")
        def shout(payload, asker):
            return payload.upper()

        @peer.responder("broken")
        def broken(payload, asker):
            raise RuntimeError("no")

        await peer.wait_joined()
        print("ready", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture
def first(stack: ExitStack, tmp_path: Path) -> Rumor:
    """A network of one peer."""
    return peer(stack, tmp_path, "--first")


@pytest.fixture
def pair(stack: ExitStack, tmp_path: Path, first: Rumor) -> tuple[Rumor, Rumor]:
    """A network of two, each of which knows the other."""
    second = peer(stack, tmp_path, "--join", first.address, "--tag", "room=hall")
    first.wait_event("member", name=second.address, tags={"room": "hall"})
    second.wait_event("member", name=first.address, state="alive")
    return first, second


def rumor(stack: ExitStack, directory: Path, *arguments: str) -> Program:
    """The program, with its input open."""
    return stack.enter_context(Program([sys.executable, "-m", "rumor", *arguments], directory))


def told(directory: Path, *arguments: str) -> Any:
    """What a command prints with `--json`; it must end well."""
    code, output, errors = outcome(directory, *arguments, "--json")
    assert (code, errors) == (0, "")
    assert output.count("\n") == 1
    return json.loads(output)


def states(directory: Path, node: Rumor) -> dict[str, str]:
    """The members' states, as a node knows them."""
    return {member["name"]: member["state"] for member in told(directory, "members", "--node", node.address)}


def wait_state(directory: Path, node: Rumor, name: str, state: str) -> None:
    """Wait until a node knows a member in a state."""
    wait_until(lambda: states(directory, node).get(name) == state, f"{name} is {state}")


# Which node.


@pytest.mark.parametrize(
    "command", [["members"], ["why", "x"], ["publish", "x"], ["listen"], ["ask", "x"], ["leave"], ["tags"]]
)
def test_without_a_node_the_ways_are_named(tmp_path: Path, command: list[str]) -> None:
    """One line: how to start a node, how to name one; exit code 1."""
    code, output, errors = outcome(tmp_path, *command)

    assert (code, output) == (1, "")
    assert len(errors.splitlines()) == 1
    assert all(way in errors for way in ("rumor peer", "rumor up", "--node"))
    if command[0] in ("publish", "listen"):
        assert all(way in errors for way in ("--seed", "--join", "--config"))


def test_of_several_nodes_one_must_be_named(tmp_path: Path, pair: tuple[Rumor, Rumor]) -> None:
    """One line with their addresses; exit code 1. By address and by name either is found."""
    code, output, errors = outcome(tmp_path, "members")

    assert (code, output) == (1, "")
    assert len(errors.splitlines()) == 1
    assert all(node.address in errors for node in pair)
    assert outcome(tmp_path, "members", "--node", pair[1].address)[0] == 0


def test_a_node_that_is_not_there_is_named(tmp_path: Path, first: Rumor) -> None:
    """What was looked for is said, and that it does not run here; exit code 1."""
    code, output, errors = outcome(tmp_path, "members", "--node", "127.0.0.1:1")

    assert (code, output) == (1, "")
    assert "127.0.0.1:1" in errors
    assert len(errors.splitlines()) == 1


def test_a_crashed_node_is_no_node(tmp_path: Path, pair: tuple[Rumor, Rumor]) -> None:
    """What a crash left behind is passed over: the other one is the only one."""
    pair[0].kill()

    assert {member["name"] for member in told(tmp_path, "members")} == {node.address for node in pair}


def test_a_node_is_found_by_its_name_and_its_state_directory(stack: ExitStack, tmp_path: Path) -> None:
    """Whichever the user has at hand."""
    peer(stack, tmp_path, "--first", "--name", "kitchen", "--state", "state")
    peer(stack, tmp_path, "--first", "--name", "hall")

    for chosen in ("kitchen", "state", str(tmp_path / "state")):
        assert [member["name"] for member in told(tmp_path, "members", "--node", chosen)] == ["kitchen"]


def test_another_user_cant_open_the_socket(stack: ExitStack, tmp_path: Path) -> None:
    """It is its owner's alone."""
    peer(stack, tmp_path, "--first", "--state", "state")

    assert (tmp_path / "state" / "control.sock").stat().st_mode & 0o777 == 0o600


# What a node knows.


def test_members_are_listed(tmp_path: Path, pair: tuple[Rumor, Rumor]) -> None:
    """A list of objects with their fields, and a table for people."""
    first, second = pair
    members = told(tmp_path, "members", "--node", first.address)

    assert [list(member) for member in members] == [
        ["name", "address", "state", "epoch", "incarnation", "tags", "since"]
    ] * 2
    assert {member["name"]: member["tags"] for member in members} == {
        first.address: {},
        second.address: {"room": "hall"},
    }
    code, output, errors = outcome(tmp_path, "members", "--node", first.address)
    assert (code, errors) == (0, "")
    assert output.splitlines()[0].split() == ["NAME", "ADDRESS", "STATE", "FOR", "TAGS"]
    assert output.splitlines()[-1] == "2 members: 2 alive"
    assert "room=hall" in output


def test_a_crash_is_seen_and_its_evidence_shown(stack: ExitStack, tmp_path: Path, pair: tuple[Rumor, Rumor]) -> None:
    """Who was killed is dead, with a word on why; every change is an event of its node."""
    first, second = pair

    second.kill()

    event = first.wait_event("member", name=second.address, state="dead")
    assert event["node"] == first.address
    why = told(tmp_path, "why", second.address, "--node", first.address)
    assert (why["member"]["state"], [statement["accuser"] for statement in why["statements"]]) == (
        "dead",
        [first.address],
    )
    code, output, _ = outcome(tmp_path, "why", second.address)
    assert code == 0
    assert output.startswith(f"{second.address} is dead: ")
    assert f"  {first.address} found it " in output


def test_why_of_an_unknown_member_is_one_line(tmp_path: Path, first: Rumor) -> None:
    """Exit code 1, with the name."""
    code, output, errors = outcome(tmp_path, "why", "nobody")

    assert (code, output) == (1, "")
    assert "nobody" in errors
    assert len(errors.splitlines()) == 1


def test_neighbors_are_listed(tmp_path: Path, pair: tuple[Rumor, Rumor]) -> None:
    """Whom the node holds links with."""
    (neighbor,) = told(tmp_path, "neighbors", "--node", pair[0].address)

    assert list(neighbor) == ["name", "address", "classic", "round_trip"]
    assert (neighbor["name"], neighbor["classic"]) == (pair[1].address, False)
    assert pair[1].address in outcome(tmp_path, "neighbors", "--node", pair[0].address)[1]


@pytest.mark.parametrize("json_wanted", [False, True], ids=["lines", "json"])
def test_members_can_be_watched(
    stack: ExitStack, tmp_path: Path, pair: tuple[Rumor, Rumor], *, json_wanted: bool
) -> None:
    """First who is there, then each change, until Ctrl-C: exit code 130 and nothing else said."""
    first, second = pair
    watch = rumor(stack, tmp_path, "members", "--watch", "--node", first.address, *["--json"] * json_wanted)
    watch.wait_line(lambda line: second.address in line and "alive" in line, "the other is there")

    second.kill()

    line = watch.wait_line(lambda line: second.address in line and "dead" in line, "its death")
    if json_wanted:
        assert json.loads(line)["event"] == "member"
    watch.signal(signal.SIGINT)
    assert watch.wait() == 130
    assert watch.errors == []


def test_a_watched_node_that_ends_is_said(stack: ExitStack, tmp_path: Path, first: Rumor) -> None:
    """The watch ends with it: exit code 1, one line."""
    watch = rumor(stack, tmp_path, "members", "--watch")
    watch.wait_text(first.address)

    first.signal(signal.SIGTERM)

    assert watch.wait() == 1
    assert len(watch.errors) == 1


def test_on_a_terminal_the_table_is_drawn_anew(tmp_path: Path, first: Rumor) -> None:
    """The screen is cleared, and the table stands there as it is now."""
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "rumor", "members", "--watch"]
    watch = subprocess.Popen(
        command, cwd=tmp_path, env={**environment(), "TERM": "xterm"}, stdin=follower, stdout=follower, stderr=follower
    )
    os.close(follower)
    try:
        read_until(leader, b"1 member: 1 alive")
        outcome(tmp_path, "tags", "load=3")
        assert b"\x1b[2J" in read_until(leader, b"load=3")
    finally:
        watch.send_signal(signal.SIGINT)
        assert watch.wait(30) == 130
        os.close(leader)


def read_until(descriptor: int, wanted: bytes) -> bytes:
    """Read a terminal until it has shown something; the test's own timeout bounds it."""
    shown = b""
    while wanted not in shown:
        shown += os.read(descriptor, 4096)
    return shown


# What a node is told to do.


def test_a_node_publishes_and_listens_for_others(stack: ExitStack, tmp_path: Path, pair: tuple[Rumor, Rumor]) -> None:
    """Said by the one, printed by the other; nobody joins for that."""
    first, second = pair
    listener = rumor(stack, tmp_path, "listen", "--node", second.address, "--topic", "news", "--count", "2", "--json")
    wait_until(lambda: said(tmp_path, "early", "news", first) and bool(listener.lines), "it listens")

    assert outcome(tmp_path, "publish", "other", "--node", first.address)[0] == 0
    assert outcome(tmp_path, "publish", "x\ny", "--topic", "news", "--node", first.address) == (
        0,
        "1 peer has it\n",
        "",
    )

    assert listener.wait() == 0
    heard = [json.loads(line) for line in listener.lines]
    assert [event["event"] for event in heard] == ["rumor", "rumor"]
    assert {event["topic"] for event in heard} == {"news"}
    assert heard[0]["origin"] == first.address
    assert heard[0].keys() == second.wait_event("rumor").keys()
    assert len(list(first.events("neighbor_up"))) == 1


def said(directory: Path, text: str, topic: str, node: Rumor) -> bool:
    """Let a node say something."""
    return outcome(directory, "publish", text, "--topic", topic, "--node", node.address)[0] == 0


def test_a_node_publishes_lines(tmp_path: Path, pair: tuple[Rumor, Rumor]) -> None:
    """From standard input, blank ones excepted."""
    first, second = pair

    done = outcome(tmp_path, "publish", "-", "--node", first.address, stdin="one\n\ntwo\nthree")

    assert done == (0, "1 peer has it\n", "")
    second.wait_event("rumor", payload="three", number=3)
    assert [event["payload"] for event in second.events("rumor")] == ["one", "two", "three"]


def test_rumors_are_printed_as_a_peer_prints_them(stack: ExitStack, tmp_path: Path, pair: tuple[Rumor, Rumor]) -> None:
    """One line a rumor, in the original's form; Ctrl-C ends it with 130."""
    first, second = pair
    listener = rumor(stack, tmp_path, "listen", "--node", second.address)
    wait_until(lambda: said(tmp_path, "\x1b[31m", "", first) and bool(listener.lines), "it listens")

    assert listener.lines[0].partition(":")[2].startswith(rf"{first.address}:GOSSIP")
    assert listener.lines[0].endswith(r" '\x1b[31m'")
    listener.signal(signal.SIGINT)
    assert listener.wait() == 130
    assert listener.errors == []


def test_a_node_and_a_way_cant_both_be_named(tmp_path: Path) -> None:
    """It speaks to a node, or goes itself: exit code 2."""
    code, _, errors = outcome(tmp_path, "publish", "x", "--node", "127.0.0.1:1", "--join", "127.0.0.1:2")

    assert code == 2
    assert "--node" in errors


def test_tags_are_shown_and_changed(tmp_path: Path, pair: tuple[Rumor, Rumor]) -> None:
    """Some are set, the others stay, some go; all members see it."""
    first, second = pair
    here = ["--node", second.address]
    assert told(tmp_path, "tags", *here) == {"room": "hall"}

    assert outcome(tmp_path, "tags", "load=3", "room=attic", *here) == (0, "load=3\nroom=attic\n", "")
    first.wait_event("member", name=second.address, tags={"load": "3", "room": "attic"}, before="alive")
    assert told(tmp_path, "tags", "--remove", "room", *here) == {"load": "3"}
    first.wait_event("member", name=second.address, tags={"load": "3"})


@pytest.mark.parametrize("pair_of_words", ["room", "=hall"])
def test_a_tag_that_is_none_is_wrong_use(tmp_path: Path, pair_of_words: str) -> None:
    """Exit code 2, with what was given."""
    code, _, errors = outcome(tmp_path, "tags", pair_of_words)

    assert code == 2
    assert repr(pair_of_words) in errors


def test_too_much_for_tags_is_refused(tmp_path: Path, first: Rumor) -> None:
    """By the node, in one line; the tags stay as they are."""
    code, _, errors = outcome(tmp_path, "tags", f"long={'x' * 5000}")

    assert code == 1
    assert len(errors.splitlines()) == 1
    assert told(tmp_path, "tags") == {}


@pytest.mark.parametrize(("more", "state"), [([], "left"), (["--back-in", "60"], "away")])
def test_a_node_leaves(tmp_path: Path, pair: tuple[Rumor, Rumor], more: list[str], state: str) -> None:
    """It ends with 0, and all know that it is no crash."""
    first, second = pair

    assert outcome(tmp_path, "leave", "--node", second.address, *more)[::2] == (0, "")

    assert second.wait() == 0
    first.wait_event("member", name=second.address, state=state)
    assert list(first.events("dead")) == []


def test_a_member_is_asked(stack: ExitStack, tmp_path: Path, first: Rumor) -> None:
    """Its answer is printed as it came; without one a line says why, exit code 1."""
    oracle = stack.enter_context(Program([sys.executable, "-c", RESPONDER, first.address], tmp_path))
    oracle.wait_text("ready")
    first.wait_event("member", name="oracle", state="alive")
    node = ["--node", first.address]

    assert outcome(tmp_path, "request", "oracle", "how?", "--topic", "shout", *node) == (0, "HOW?", "")
    assert outcome(tmp_path, "request", "oracle", "-", "--topic", "shout", *node, stdin="a\nb\n") == (0, "A\nB\n", "")
    assert told(tmp_path, "request", "oracle", "x", "--topic", "shout", *node)["payload"] == "X"
    for name, topic in (("oracle", "silence"), ("oracle", "broken"), ("nobody", "shout")):
        code, output, errors = outcome(tmp_path, "request", name, "x", "--topic", topic, *node)
        assert (code, output) == (1, "")
        assert len(errors.splitlines()) == 1


def test_all_members_are_asked(stack: ExitStack, tmp_path: Path, first: Rumor) -> None:
    """Each answer is a line with its member's name; when nobody answers a line says so, exit code 1."""
    oracle = stack.enter_context(Program([sys.executable, "-c", RESPONDER, first.address], tmp_path))
    oracle.wait_text("ready")
    first.wait_event("member", name="oracle", state="alive")

    asked = ("ask", "how?", "--topic", "shout", "--timeout", "1")
    assert outcome(tmp_path, *asked, "--node", first.address) == (0, "oracle: HOW?\n", "")
    answer = told(tmp_path, *asked, "--node", first.address)
    assert (answer["event"], answer["member"], answer["payload"]) == ("answer", "oracle", "HOW?")
    for topic in ("silence", "broken"):
        silent = outcome(tmp_path, "ask", "x", "--topic", topic, "--timeout", "0.2", "--node", first.address)
        assert silent == (1, "", "rumor: nobody answered within 0.2 s\n")


# Seeds, read anew.


@pytest.mark.parametrize("way", ["command", "signal"])
def test_a_peer_reads_its_seeds_anew(stack: ExitStack, tmp_path: Path, way: str) -> None:
    """It registers with the one that is new in config.txt, by `rumor reload` as by SIGHUP."""
    old, new = our_seeds(stack, tmp_path, 2)
    write_config(tmp_path, [old.address])
    node = peer(stack, tmp_path)
    node.wait_event("registered", seed=old.address)

    write_config(tmp_path, [old.address, new.address])
    if way == "command":
        assert told(tmp_path, "reload", "--node", node.address) == {
            "event": "reloaded",
            "seeds": [old.address, new.address],
        }
    else:
        node.signal(signal.SIGHUP)

    node.wait_event("reloaded", seeds=[old.address, new.address])
    node.wait_event("registered", seed=new.address)


def test_seeds_come_from_rumor_toml_too(stack: ExitStack, tmp_path: Path) -> None:
    """A list of seeds there is read anew as config.txt is."""
    old, new = our_seeds(stack, tmp_path, 2)
    settings = tmp_path / "rumor.toml"
    settings.write_text(f"[peer]\nseeds = ['{old.address}']\n")
    node = peer(stack, tmp_path)
    node.wait_event("registered", seed=old.address)

    settings.write_text(f"[peer]\nseeds = ['{new.address}']\n")
    node.signal(signal.SIGHUP)

    node.wait_event("registered", seed=new.address)


def test_a_file_that_is_wrong_changes_nothing(stack: ExitStack, tmp_path: Path) -> None:
    """What is wrong is said, to whoever asked for it; the node goes on with the seeds that it has."""
    (seed,) = our_seeds(stack, tmp_path, 1)
    write_config(tmp_path, [seed.address])
    node = peer(stack, tmp_path)
    node.wait_event("registered")
    write_config(tmp_path, ["nowhere"])

    node.signal(signal.SIGHUP)
    error = node.wait_event("error", message="the seeds can't be read again: going on with those before")
    assert "config.txt, line 1" in error["detail"]

    code, _, errors = outcome(tmp_path, "reload", "--node", node.address)
    assert code == 1
    assert "config.txt, line 1" in errors


def test_a_seed_reads_the_other_seeds_anew(stack: ExitStack, tmp_path: Path) -> None:
    """By SIGHUP or `rumor reload`; what was said on the command line stays."""
    settings = tmp_path / "rumor.toml"
    settings.write_text("")
    node = stack.enter_context(Rumor("seed", cwd=tmp_path))
    fixed = stack.enter_context(Rumor("seed", "--seed", "127.0.0.1:9", cwd=tmp_path))

    settings.write_text("[seed]\nseeds = ['127.0.0.1:8']\n")
    told(tmp_path, "reload", "--node", node.address)
    fixed.signal(signal.SIGHUP)

    node.wait_event("reloaded", seeds=["127.0.0.1:8"])
    fixed.wait_event("reloaded", seeds=["127.0.0.1:9"])


AT_ITS_TERMINAL = """
import fcntl, os, sys, termios
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", "rumor", *sys.argv[1:]])
"""


def test_a_node_ends_with_its_terminal(tmp_path: Path) -> None:
    """A terminal that is closed sends SIGHUP, too: the node does not live on unseen."""
    leader, follower = pty.openpty()
    command = [sys.executable, "-c", AT_ITS_TERMINAL, "seed", "0"]
    node = subprocess.Popen(
        command, cwd=tmp_path, env={**environment(), "TERM": "xterm"}, stdin=follower, stdout=follower, stderr=follower
    )
    os.close(follower)
    read_until(leader, b"Listening")

    os.close(leader)

    assert node.wait(30) == 0


# Scripts and settings.


def test_programs_are_run_for_members_and_rumors(stack: ExitStack, tmp_path: Path, first: Rumor) -> None:
    """One object each, as `--json` tells it; `rumor` in them speaks to the node that started them."""
    members, rumors = tmp_path / "members.jsonl", tmp_path / "rumors.jsonl"
    again = f"{sys.executable} -m rumor tags --json"
    node = peer(
        stack, tmp_path, "--join", first.address, "--tag", "here=yes",
        "--on-member", f"cat >> {members}", "--on-rumor", f"(cat; {again}) >> {rumors}",
    )  # fmt: skip
    node.wait_event("neighbor_up")

    first.say("hello")

    wait_until(lambda: rumors.exists() and rumors.read_text().count("\n") == 2, "both lines")
    heard, tags = map(json.loads, rumors.read_text().splitlines())
    assert (heard["event"], heard["node"], heard["payload"]) == ("rumor", node.address, "hello")
    assert tags == {"here": "yes"}
    wait_until(lambda: first.address in members.read_text(), "the member")
    assert {json.loads(line)["event"] for line in members.read_text().splitlines()} == {"member"}


def test_a_program_that_fails_is_a_problem(stack: ExitStack, tmp_path: Path, first: Rumor) -> None:
    """Said once for each; the node goes on."""
    node = peer(stack, tmp_path, "--join", first.address, "--on-rumor", "exit 3")
    node.wait_event("neighbor_up")

    first.say("hello")

    assert node.wait_event("error", message="a program failed")["detail"] == "exit 3: exit code 3"


@pytest.mark.parametrize(
    ("variable", "options", "name"),
    [(None, [], "file"), ("variable", [], "variable"), ("variable", ["--name", "option"], "option")],
)
def test_settings_come_from_three_places(
    stack: ExitStack, tmp_path: Path, variable: str | None, options: list[str], name: str
) -> None:
    """rumor.toml, then RUMOR_*, then the options."""
    (tmp_path / "rumor.toml").write_text('first = true\nname = "file"\n[peer]\nport = 0\njson = true\n')
    said = [] if variable is None else ["env", f"RUMOR_NAME={variable}"]

    node = stack.enter_context(Program([*said, sys.executable, "-m", "rumor", "peer", *options], tmp_path))

    assert json.loads(node.wait_text("listening"))["name"] == name


@pytest.mark.parametrize("command", ["seed", "peer", "publish", "listen", "members", "up"])
def test_an_unknown_setting_names_the_nearest(tmp_path: Path, command: str) -> None:
    """Whatever command reads it; exit code 2."""
    (tmp_path / "rumor.toml").write_text("detect_witin = 3")
    more = {"publish": ["x"], "seed": ["0"], "peer": ["0"]}.get(command, [])

    code, output, errors = outcome(tmp_path, command, *more)

    assert (code, output) == (2, "")
    assert "there is no 'detect_witin'; did you mean 'detect_within'?" in " ".join(errors.split())


def test_the_log_level_leaves_out_what_matters_less(stack: ExitStack, tmp_path: Path) -> None:
    """With `error` nothing is printed but problems; the log keeps its lines."""
    node = rumor(stack, tmp_path, "seed", "0", "--log-level", "error", "--log", "seed.log")
    loud = stack.enter_context(Rumor("seed", cwd=tmp_path))
    wait_until(lambda: (tmp_path / "seed.log").exists(), "it has begun")

    node.signal(signal.SIGTERM)

    assert node.wait() == 0
    assert (node.lines, node.errors) == ([], [])
    assert loud.process.poll() is None


@pytest.mark.parametrize("command", SPEAKING)
def test_help_has_examples(tmp_path: Path, command: str) -> None:
    """`--help` exists everywhere, exits 0 and shows an example."""
    code, output, _ = outcome(tmp_path, command, "--help")

    assert code == 0
    assert f"rumor {command}" in output.partition("Examples:")[2]


# A whole network.


def test_up_shows_states_as_they_change(stack: ExitStack, tmp_path: Path) -> None:
    """A peer that is killed is dead to one, and then to all others."""
    program = up(stack, tmp_path)
    program.wait_text("coverage 4/4 (100 %)")
    node = program.wait_text("To see who is there: rumor members --node ").rpartition(" ")[2]
    line = program.wait_line(lambda line: node in line and "listening, process" in line, "its process")

    os.kill(int(line.rpartition(" ")[2]), signal.SIGKILL)

    program.wait_line(lambda line: line.startswith("state") and f"{node}  dead, says" in line, "its death")
    program.wait_line(lambda line: f"{node}  dead, as all 3 others know" in line, "that all know")


def test_up_tells_of_members_in_json(stack: ExitStack, tmp_path: Path) -> None:
    """Each node's changes, with the node and the member's state."""
    program = up(stack, tmp_path, "--json", "--duration", "6")

    assert program.wait() == 0

    events = [event for event in map(json.loads, program.lines) if event["event"] == "member"]
    alive = {(event["node"], event["name"]) for event in events if event["state"] == "alive"}
    nodes = {node for node, _ in alive}
    assert len(nodes) == 4
    assert {(node, name) for node in nodes for name in nodes if name != node} <= alive


def test_up_hands_on_settings_and_nothing_else(stack: ExitStack, tmp_path: Path) -> None:
    """Its nodes read no rumor.toml: a name there is none for all of them."""
    (tmp_path / "rumor.toml").write_text('name = "same"\nport = 1\nseed_count = 1\n[settings.overlay]\nwalks = 5\n')
    program = stack.enter_context(Program([sys.executable, "-m", "rumor", "up", "--peers", "2"], tmp_path))

    assert program.wait_line(lambda line: line.startswith("Starting"), "how many") == (
        "Starting 1 seed and 2 peers; Ctrl-C ends them."
    )
    program.wait_text("2 of 2 peers joined")
