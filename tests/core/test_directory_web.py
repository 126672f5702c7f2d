"""Directories of a small network: all come to hold the same, whatever happens to it."""

from itertools import pairwise

import pytest

from rumor.core.directory.tidings import GAP
from rumor.core.events import ReachChanged, SelfRefuted
from rumor.core.frames import Claim, Claims, MembersBuckets, Standing, Statement, Verdict
from rumor.core.members import State
from rumor.core.settings import DirectorySettings

from .helpers import ANA, SEED_NUMBERS
from .members_web import LATENCY, MembersWeb, listed

SOON = 20 * LATENCY + 8 * GAP
"""Enough for news to go through any graph of these tests, and for an answer to it to go back."""

SETTLED = 3.0
"""When nobody is new any more."""


def settled_web(number: int, size: int = 24, degree: int = 5, settings: DirectorySettings | None = None) -> MembersWeb:
    """A network whose members all know each other."""
    web = MembersWeb(number, settings)
    web.graph(size, degree)
    web.run(SETTLED)
    assert web.agree()
    for node in web.nodes:
        node.events.clear()
    return web


@pytest.mark.parametrize("number", SEED_NUMBERS)
def test_all_know_all_as_soon_as_news_has_gone_round(number: int) -> None:
    """Peers that join in the same moment are known to everybody within the longest way, give or take a comparison."""
    web = MembersWeb(number)
    nodes = web.graph(24, 5)

    assert web.run_until(web.agree, at_most=0.5)
    assert all(node.states() == dict.fromkeys((each.name for each in nodes), State.ALIVE) for node in nodes)


@pytest.mark.parametrize("number", SEED_NUMBERS)
def test_a_newcomer_and_all_others_know_each_other_soon(number: int) -> None:
    """It is told everything by one neighbor, and little by the others; the others hear of it at once."""
    web = settled_web(number)
    web.bytes.clear()
    newcomer = web.node(tags={"role": "db"})
    for neighbor in web.rng.sample(web.nodes[:-1], 5):
        web.connect(newcomer, neighbor)

    assert web.run_until(web.agree, at_most=SOON)
    assert all(listed(node, newcomer.name).tags == {"role": "db"} for node in web.nodes)
    web.run(1.0)
    assert web.bytes[MembersBuckets] < 3 * 2 * 600  # not one comparison for each of its neighbors


@pytest.mark.parametrize("number", SEED_NUMBERS)
def test_newcomers_behind_a_newcomer_are_not_forgotten(number: int) -> None:
    """A chain of peers that all came just now, at the end of an old network, learns everything, and is learned of."""
    web = settled_web(number)
    chain = [web.node() for _ in range(4)]
    for one, other in pairwise(chain):
        web.connect(one, other)
    web.run(0.05)
    web.connect(chain[0], web.nodes[0])

    assert web.run_until(web.agree, at_most=4.0)


@pytest.mark.parametrize("number", SEED_NUMBERS)
def test_tags_go_round(number: int) -> None:
    """A change of tags is everywhere within the longest way."""
    web = settled_web(number)

    web.nodes[3].directory.set_tags({"load": "high"}, web.now)
    web.step(web.nodes[3])

    assert web.run_until(lambda: all(listed(n, "n003").tags == {"load": "high"} for n in web.nodes), at_most=SOON)
    assert web.agree()


@pytest.mark.parametrize("number", SEED_NUMBERS)
@pytest.mark.parametrize("verdict", [Verdict.REFUSED, Verdict.SILENT])
def test_a_crash_is_known_to_all_with_its_evidence(number: int, verdict: Verdict) -> None:
    """As soon as two of its neighbors have found it so and said it."""
    web = settled_web(number)
    victim = web.nodes[7]

    web.crash(victim, verdict)

    assert web.run_until(lambda: all(n.states()["n007"] is State.DEAD for n in web.live), at_most=SOON)
    web.run(SOON)
    assert web.agree()
    for node in web.live:
        assert node.changes("n007") in ([State.DEAD], [State.SUSPECT, State.DEAD])
        why = node.directory.why("n007")
        assert why is not None
        assert len(why.statements) >= 2


@pytest.mark.parametrize("number", SEED_NUMBERS)
def test_a_member_that_leaves_has_left_everywhere(number: int) -> None:
    """Nobody takes it for dead, though its links end."""
    web = settled_web(number)
    leaver = web.nodes[5]
    leaver.directory.leave(web.now)
    web.step(leaver)
    web.run(2 * LATENCY)

    web.crash(leaver)

    assert web.run_until(lambda: all(n.states()["n005"] is State.LEFT for n in web.live), at_most=SOON)
    assert web.agree()
    assert all(node.changes("n005") == [State.LEFT] for node in web.live)


@pytest.mark.parametrize("number", SEED_NUMBERS)
def test_who_announced_its_absence_is_not_suspected_until_it_is_overdue(number: int) -> None:
    """Away, then, half a minute after it wanted to be back, like any other."""
    web = settled_web(number)
    sleeper, friend = web.nodes[5], web.nodes[9]
    sleeper.directory.leave(web.now, back_in=60.0)
    web.step(sleeper)
    web.run(2 * LATENCY)
    web.crash(sleeper)
    web.run(SOON)

    assert {node.states()["n005"] for node in web.live} == {State.AWAY}
    web.run(89.0)
    web.accuse(friend, sleeper, Verdict.UNREACHABLE)
    assert {node.states()["n005"] for node in web.live} == {State.AWAY}
    web.run(1.1)
    assert {node.states()["n005"] for node in web.live} == {State.ALIVE}
    web.accuse(friend, sleeper, Verdict.UNREACHABLE)
    web.accuse(web.nodes[10], sleeper, Verdict.UNREACHABLE)
    web.run(SOON)
    assert {node.states()["n005"] for node in web.live} == {State.DEAD}


@pytest.mark.parametrize("number", SEED_NUMBERS)
def test_a_restart_takes_the_place_of_the_former_life(number: int) -> None:
    """A later epoch counts at once, whatever was found of the earlier one."""
    web = settled_web(number)
    web.crash(web.nodes[4])
    web.run(SOON)

    again = web.node("n004", epoch=2_000)
    web.connect(again, web.nodes[8])

    assert web.run_until(web.agree, at_most=SOON)
    assert {(listed(node, "n004").state, listed(node, "n004").epoch) for node in web.live} == {(State.ALIVE, 2_000)}


@pytest.mark.parametrize("number", SEED_NUMBERS)
def test_a_false_accusation_is_refuted(number: int) -> None:
    """Though two found it so, whoever lives says so, once for all of them, and everybody hears it."""
    web = settled_web(number)
    victim = web.nodes[2]
    accusers = [node for node in web.nodes if node is not victim][:2]

    for accuser in accusers:
        web.accuse(accuser, victim, Verdict.SILENT)

    assert web.run_until(lambda: all(listed(n, "n002").incarnation > 0 for n in web.nodes), at_most=SOON)
    web.run(SOON)
    assert web.agree()
    assert {node.states()["n002"] for node in web.nodes} == {State.ALIVE}
    refuted = [event for event in victim.events if isinstance(event, SelfRefuted)]
    assert {name for event in refuted for name in event.accusers} <= {each.name for each in accusers}
    assert 1 <= len(refuted) == refuted[-1].incarnation <= 2


@pytest.mark.parametrize("number", SEED_NUMBERS)
def test_a_liar_removes_nobody_for_longer_than_a_refutation_takes(number: int) -> None:
    """Whatever it forges: two accusers, a goodbye in another's name, an incarnation far ahead."""
    web = settled_web(number)
    liar = web.nodes[1]
    others = [node for node in web.nodes if node is not liar]
    for victim in others:
        words = tuple(Statement(victim.name, 1_000, 0, accuser, Verdict.REFUSED) for accuser in ("n001", "n999"))
        web.forge(liar, Claims((), words))
        left = Claim(victim.name, 1_000, 17, Standing.LEFT, ANA)
        web.forge(liar, Claims((left,)))

    web.run(SOON)

    assert web.agree(others)
    assert {state for node in others for name, state in node.states().items()} == {State.ALIVE}


@pytest.mark.parametrize("number", SEED_NUMBERS)
def test_who_accuses_in_vain_often_is_not_believed_for_a_while(number: int) -> None:
    """Its doubts are shown, and count for nothing; a minute later they would."""
    web = settled_web(number)
    liar, victims, late = web.nodes[0], web.nodes[4:8], web.nodes[9]
    for victim in victims:
        web.accuse(liar, victim, Verdict.UNREACHABLE)
        web.run(SOON)
    for node in web.nodes:
        node.events.clear()

    for other in list(late.neighbors):
        web.disconnect(late, other)
    late.up = False
    web.accuse(liar, late, Verdict.UNREACHABLE)
    web.run(SOON)

    for node in web.live:
        why = node.directory.why(late.name)
        assert why is not None
        assert (why.member.state, len(why.statements)) == (State.ALIVE, 1)
        assert why.reason == f"only {liar.name} doubted it, after being refuted too often to be believed"
    web.run(70.0)
    assert {node.states()[late.name] for node in web.live} == {State.SUSPECT}


@pytest.mark.parametrize("number", SEED_NUMBERS)
def test_two_halves_that_were_apart_agree_again(number: int) -> None:
    """Each took the other for dead, and told of a partition; one link brings all back, and that is told."""
    web = settled_web(number)
    here, there = web.nodes[:12], web.nodes[12:]
    for one in here:
        for other in [each for each in one.neighbors if each in there]:
            web.disconnect(one, other)
            web.accuse(one, other, Verdict.REFUSED)
            web.accuse(other, one, Verdict.REFUSED)
    for side, other_side in ((here, there), (there, here)):
        for watcher in side[:2]:
            for victim in other_side:
                web.accuse(watcher, victim, Verdict.UNREACHABLE)
    web.run(SOON)
    dead = {state for node in here for name, state in node.states().items() if name >= "n012"}
    parted = [event.reach for event in here[0].events if isinstance(event, ReachChanged)]
    assert dead == {State.DEAD}
    assert [(reach.known, reach.parted) for reach in parted] == [(24, True)]
    web.run(3600.0 * 0.5)

    web.connect(here[0], there[0])

    assert web.run_until(web.agree, at_most=5.0)
    web.run(5.0)
    assert web.agree()
    assert {state for node in web.nodes for state in node.states().values()} == {State.ALIVE}
    healed = [event.reach for event in here[0].events if isinstance(event, ReachChanged)][-1]
    assert (healed.known, healed.parted) == (24, False)


@pytest.mark.parametrize("number", SEED_NUMBERS)
def test_what_was_missed_is_found_by_comparison(number: int) -> None:
    """News that was lost with a link is told when two neighbors compare, some seconds later at most."""
    web = settled_web(number)
    node = web.nodes[6]
    friends = list(node.neighbors)
    web.nodes[3].directory.set_tags({"a": "b"}, web.now)
    web.step(web.nodes[3])
    web.run(LATENCY / 2)
    for friend in friends:
        web.disconnect(node, friend)
    for other in web.nodes:
        other.directory.set_tags({"round": "2"}, web.now)
        web.step(other)
    web.run(SOON)
    assert not web.agree()

    web.connect(node, friends[0])

    assert web.run_until(web.agree, at_most=0.5)


def test_the_dead_and_the_departed_are_forgotten_by_all_at_about_the_same_time() -> None:
    """A newcomer that heard of them late forgets them with the others, and nobody is told of them for ever."""
    web = settled_web(0, settings=DirectorySettings(reap_dead=100.0, reap_left=50.0))
    web.nodes[1].directory.leave(web.now)
    web.step(web.nodes[1])
    web.run(SOON)
    web.crash(web.nodes[1])
    web.crash(web.nodes[2])
    web.run(40.0)
    late = web.node()
    web.connect(late, web.nodes[0])
    web.run(1.0)
    assert {late.states()["n001"], late.states()["n002"]} == {State.LEFT, State.DEAD}

    web.run(10.0)
    assert {"n001" in node.states() for node in web.live} == {False}
    later = web.node()
    web.connect(later, late)
    web.run(1.0)
    assert later.states()["n002"] is State.DEAD
    web.run(50.0)

    assert web.agree()
    assert {"n002" in node.states() for node in web.live} == {False}


@pytest.mark.parametrize("number", SEED_NUMBERS)
def test_an_echo_after_the_reaping_revives_nobody(number: int) -> None:
    """A peer that slept through a death and its forgetting is told of it, and newcomers do not stay deceived."""
    web = settled_web(number, settings=DirectorySettings(reap_dead=100.0))
    sleeper = web.nodes[3]
    for friend in list(sleeper.neighbors):
        web.disconnect(sleeper, friend)
    web.crash(web.nodes[2])
    web.run(200.0)
    assert sleeper.states()["n002"] is State.ALIVE
    newcomer = web.node()
    web.connect(newcomer, web.nodes[0])
    web.run(SETTLED)

    web.connect(sleeper, newcomer)
    web.connect(sleeper, web.nodes[0])

    assert web.run_until(web.agree, at_most=2.0)
    assert {"n002" in node.states() for node in web.live} == {False}


@pytest.mark.parametrize("number", SEED_NUMBERS)
def test_one_that_was_forgotten_may_come_back(number: int) -> None:
    """A peer that was frozen past its own reaping hears what was found of it, and answers."""
    web = settled_web(number, settings=DirectorySettings(reap_dead=100.0))
    frozen = web.nodes[2]
    web.crash(frozen)
    web.run(200.0)
    assert "n002" not in web.nodes[0].states()

    frozen.up = True
    web.connect(frozen, web.nodes[0])

    assert web.run_until(web.agree, at_most=1.0)
    assert {node.states()["n002"] for node in web.live} == {State.ALIVE}


@pytest.mark.parametrize("number", SEED_NUMBERS)
def test_after_most_have_died_the_survivors_agree(number: int) -> None:
    """Each patrol's finding counts, and the sole watchers of the dead decide: in the end no dead one is alive."""
    web = settled_web(number, size=40)
    dead, live = web.nodes[8:], web.nodes[:8]
    for node in dead:
        node.up = False
    for node in dead:
        web.crash(node)
    for node in live:
        for other in live:
            if other is not node and other not in node.neighbors:
                web.connect(node, other)

    for _ in range(60):
        for node in live:
            contact = node.directory.next_to_visit(web.now)
            victim = None if contact is None else next(each for each in web.nodes if each.name == contact.name)
            if victim is not None and not victim.up:
                web.accuse(node, victim, Verdict.UNREACHABLE)
        web.run(0.05)

    assert web.agree()
    assert {name for name, state in live[0].states().items() if state is State.ALIVE} == {each.name for each in live}
    assert {state for name, state in live[0].states().items() if name >= "n008"} == {State.DEAD}


def test_an_idle_network_says_little() -> None:
    """Some bytes a second for the comparison, and nothing else."""
    web = settled_web(0)
    web.bytes.clear()

    web.run(100.0)

    assert sum(web.bytes.values()) / 100.0 / len(web.nodes) < 10.0


def test_neighbors_only_know_each_other_where_that_is_set() -> None:
    """For very large networks: a peer lists its neighbors, and finds them dead by itself."""
    web = MembersWeb(0, DirectorySettings(full=False))
    one, two, three = web.node(), web.node(), web.node()
    web.connect(one, two)
    web.connect(two, three)
    web.run(10.0)
    assert [set(node.states()) for node in web.nodes] == [{"n000", "n001"}, {"n000", "n001", "n002"}, {"n001", "n002"}]

    web.crash(one)
    web.run(SOON)

    assert two.states() == {"n000": State.DEAD, "n001": State.ALIVE, "n002": State.ALIVE}
    assert two.directory.next_to_visit(web.now) is None
    assert sum(web.bytes.get(MembersBuckets, 0) for _ in web.nodes) == 0
