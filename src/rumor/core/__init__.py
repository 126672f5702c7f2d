"""The core: what nodes do, as a function of state, input and now. No socket, clock, file, thread or global chance.

How an input flows:

    driver                          peer.py (or seed.py)                  machines
    on_frame(link, frame)           by the kind of frame:           -->   broadcast.on_run(...), overlay.on_shuffle(...)
    dialled, accepted, link_lost                                    -->   links.on_dialled(...)
    end_turn()                      the frames of one read are over -->   broadcast.end_turn(): close, acknowledge, wake
    publish(payload, topic)                                         -->   broadcast.publish(...); it leaves at end_turn
    receive, answered, told, failed texts of seeds and originals    -->   classic/texts.py, registration.py
    tick()                          each machine's tick             -->   a probe, a digest, a retry is due
                                    what one machine found out, and another must hear, is led on by routes.py
    drain() -> effects, events      next_deadline() -> the machines' soonest      snapshot() -> a frozen view
    pull(link) -> frames            after an effect Wake(link): control from the outbox, then runs from the message list

A driver calls one input, then `drain`s: it does each effect (`effects.py`), reports how it ended, hands the events
(`events.py`) to the application, and calls `tick` when `next_deadline` has come. `now` is seconds on a clock that never
goes back, chance one `random.Random`: the same inputs give the same outputs.

Which idea lives where:

    links.py         every link, from Hello to Goodbye         overlay.py (tries.py, views.py)   the web (HyParView)
    visits.py        an origin that is asked itself            antientropy.py         all streams, compared
    membership.py    who is there, and who lives:
        liveness.py  neighbors that are silent (with doubts.py, relays.py, health.py) or broke (redials.py)
        knocks.py    any member, now and then                  directory.py           all members (roster.py, claims.py)
        tidings.py, comparison.py  what neighbors are told     evidence.py, judgement.py, why.py   who is dead, and why
    requests.py      questions to members (calls.py), of members (answering.py); census.py: who has a rumor of ours
    broadcast.py     a run's way through these (Plumtree on streams):
        streams.py   how far each was heard                    message_list.py, serving.py   the runs, a cursor a link
        trees.py     by which link each comes                  digests.py             what others are told
        acknowledgements.py  who owes what                     repair.py, history.py  what lacks; what lies before
        delivery.py  what the application gets                 origin.py, publishing.py, window.py   what we say
    registration.py  a peer's seeds, reports of the dead       registry.py, leases.py, journal.py   a seed's list
    bridge.py        between streams and texts                 classic/               original nodes, by texts

Values: `frames.py`, `messages.py` (texts), `settings.py`, `snapshot.py`, `ids.py`, `errors.py`; `codec.py`, what a core
must know of bytes. Shared: `outbox.py`, `timers.py`, `clock.py`.
"""
