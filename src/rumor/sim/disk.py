"""What a seed keeps: a disk that takes a moment for each batch, one at a time, as `effects.Store` says.

A crash loses the batch that is on its way; what was written before is there for the next life.
"""

from collections.abc import Iterator
from functools import partial

from rumor.core.ids import Seconds
from rumor.core.seed import Seed
from rumor.core.seeds.journal import Batch, Kept
from rumor.sim.node import Node
from rumor.sim.stage import REPLY, Stage

SPAN: tuple[Seconds, Seconds] = (0.001, 0.02)
"""From how long to how long it takes to write a batch."""


def store(stage: Stage, node: Node) -> None:
    """A seed has something to keep: it is written as soon as what is being written is."""
    node.stores += 1
    if node.stores == 1:
        assert isinstance(node.core, Seed)
        batch = node.core.take_unstored()
        stage.plan(stage.now + stage.rng.uniform(*SPAN), node, REPLY, partial(_written, stage, node, batch))


def kept(node: Node) -> Iterator[Kept]:
    """What a seed finds when it begins, in the order of registration."""
    return (node.disk[order] for order in sorted(node.disk))


def _written(stage: Stage, node: Node, batch: Batch) -> None:
    assert isinstance(node.core, Seed)
    node.disk.update((entry.order, entry) for entry in batch.entries)
    for order in batch.gone:
        node.disk.pop(order, None)
    is_more, node.stores = node.stores > 1, 0
    node.core.stored(stage.now)
    if is_more:
        store(stage, node)
    stage.step(node)
