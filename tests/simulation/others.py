# SPDX-License-Identifier: Apache-2.0
"""Who changes things beside the task: other apps, people who edit contacts, and who sets the date."""

from __future__ import annotations

from collections.abc import Callable

from airflow_provider_hubcontact.sandbox.crm.portal import Portal
from airflow_provider_hubcontact.sandbox.crm.record import Record
from tests.simulation.chooser import Chooser
from tests.simulation.plot import CITIES, STAGE, STAGES
from tests.simulation.scene import Scene
from tests.simulation.words import LOGIN

Edit = Callable[[Portal, str], object]


def edit(scene: Scene) -> None:
    """Be another app, and people who edit contacts, for a while."""
    for number in range(1 + scene.chooser.of("others").below(4)):
        chooser = scene.chooser.of(f"edit {number}")
        scene.loop.wait(chooser.between(0, 15))
        edit_once(scene, chooser)


def edit_once(scene: Scene, chooser: Chooser) -> None:
    """Let somebody change one contact, if there is any, or a list."""
    if scene.plot.settings.lists and chooser.of("edits of lists").chance(0.4):
        _edit_a_list(scene, chooser.of("edits of lists"))
        return
    verb, addresses, change = _drawn(scene, chooser)
    if addresses:
        _carry_out(scene, verb, chooser.one_of(addresses), change)


def _carry_out(scene: Scene, verb: str, address: str, change: Edit) -> None:
    if verb != "creates" and scene.portal.find(address) is None:
        return
    scene.story.tell("others", f"{verb} {address}")
    scene.oracles.faults["edit"] += 1
    scene.portal.edit(lambda portal: change(portal, address))


def _edit_a_list(scene: Scene, chooser: Chooser) -> None:
    """Let somebody put a contact into a list, or take it out; seldom rename or delete the list."""
    what = chooser.below(10)
    contacts, place = scene.portal.contacts(), chooser.below(2)
    some = [chooser.one_of(contacts).id] if contacts else []

    def change(portal: Portal) -> None:
        of_list = [*portal.lists.all()][place]
        if what == 0:
            portal.lists.delete(of_list, portal.now())
        elif what == 1:
            portal.lists.rename(of_list, f"{of_list.name} of old", portal.now())
        else:
            add, remove = (some, []) if what < 5 else ([], some)
            portal.lists.change(of_list, portal.collections[of_list.type], add, remove, portal.now())

    if len(scene.portal.lists()) > place:
        scene.story.tell(
            "others",
            f"change list {place}: {('delete', 'rename', *['add'] * 3, *['remove'] * 5)[what]} {some}",
        )
        scene.oracles.faults["list edit"] += 1
        scene.portal.edit(change)


def visit(scene: Scene, chooser: Chooser) -> None:
    """Be a person who edits contacts between two nights, and merges some."""
    while chooser.chance(0.5):
        contacts = scene.portal.contacts()
        merges = scene.plot.settings.key.property != LOGIN or "another key with all" in scene.plot.features
        if len(contacts) > 1 and chooser.chance(0.5) and merges:
            first = chooser.below(len(contacts))
            one, other = contacts[first], contacts[first - 1]
            scene.story.tell("others", f"merges {other.email} into {one.email}")
            scene.oracles.faults["merge"] += 1
            scene.portal.merge(one, other)
            continue
        edit_once(scene, chooser)


def _drawn(scene: Scene, chooser: Chooser) -> tuple[str, list[str], Edit]:
    """Choose what is done, and return it with the addresses of which one is meant."""
    contacts = [contact.email for contact in scene.portal.contacts() if contact.email]
    what, key_name = chooser.below(5), scene.plot.settings.key.property
    if what == 0:
        keys = [row.key for row in scene.plot.rows if row.key]
        return "creates", keys, lambda portal, key: portal.create({key_name: key})
    if what == 1:
        return "deletes", contacts, lambda portal, key: portal.archive(_contact(portal, key))
    if what == 2:
        return "moves", contacts, lambda portal, key: _set(portal, key, "email", f"moved-{key}")
    values = [("city", chooser.one_of(CITIES)), (STAGE, chooser.one_of(STAGES)), ("firstname", "edited")]
    name, value = chooser.one_of(values)
    return f"sets {name}={value} of", contacts, lambda portal, key: _set(portal, key, name, value)


def _set(portal: Portal, address: str, name: str, value: str) -> None:
    portal.update(_contact(portal, address), {name: value})


def _contact(portal: Portal, address: str) -> Record:
    found = portal.contact(address)
    if found is None:
        raise LookupError(address)
    return found


def set_the_date(scene: Scene) -> None:
    """Set the machine's date wrong, and right again."""
    chooser = scene.chooser.of("date")
    scene.loop.wait(chooser.between(0, 10))
    scene.clock.ahead = chooser.one_of((-7_200.0, -60.0, 60.0, 7_200.0))
    scene.oracles.faults["wrong date"] += 1
    scene.loop.wait(chooser.between(0, 10))
    scene.clock.ahead = 0.0
