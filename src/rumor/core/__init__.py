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

Which idea lives where; each room's head says more:

    overlay/      links (from Hello to Goodbye), the web (HyParView), visits to an origin that is asked itself
    broadcast/    a run's way (Plumtree on streams): streams, message list, trees, acknowledgements, repair, delivery
    liveness/     who is still there: silence, broken links, relays, knocks at any member's door, our own health
    directory/    all members as we heard of them: claims, evidence, judgement, what neighbors are told, comparison
    requests/     questions to one member or to all, their answers; census: who has a rumor of ours
    seeds/        a peer's registrations and reports; a seed's registry, leases, journal, exchange with other seeds
    classic/      original nodes, by texts; bridge.py stands between their texts and streams

    peer.py       a peer: its inputs and outputs           machines.py    its machines, made
    routes.py     what one finds out and others must hear  membership.py  liveness and directory together
    seed.py       a seed, with all that it needs

Values: `frames.py`, `messages.py` (texts), `members.py`, `settings.py`, `snapshot.py`, `ids.py`, `errors.py`. What a
core must know of bytes: `codec.py`. Shared: `outbox.py`, `timers.py`, `clock.py`, and `hearing.py`: how steadily others
are heard.
"""
