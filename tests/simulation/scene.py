# SPDX-License-Identifier: Apache-2.0
"""What the parts of a world share."""

from __future__ import annotations

from dataclasses import dataclass

from tests.simulation.chooser import Chooser
from tests.simulation.loop import Loop, LoopClock
from tests.simulation.oracles import Oracles
from tests.simulation.plot import Plot
from tests.simulation.portal import SimulatedPortal
from tests.simulation.redis import SimulatedRedis
from tests.simulation.states import StateServer
from tests.simulation.story import Story


@dataclass(frozen=True)
class Scene:
    """What the parts of a world share.

    :param plot: what it was made of.
    :param clock: of the machine that the task runs on.
    :param states: the database of the state.
    :param broken_share: share of the database's statements that fail.
    """

    plot: Plot
    chooser: Chooser
    loop: Loop
    clock: LoopClock
    portal: SimulatedPortal
    oracles: Oracles
    story: Story
    redis: SimulatedRedis
    states: StateServer
    broken_share: float = 0.0
