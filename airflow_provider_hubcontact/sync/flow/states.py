# SPDX-License-Identifier: Apache-2.0
"""Each place that a record can be in while a run goes on, and each way from one to another.

This module decides nothing. It is the one table of what the engine does with a record: ``STATES.md`` is drawn
from it, and the tests compare it with the engine's collections at every step of many runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple


class State(StrEnum):
    """Where a record is. It is in exactly one place, whenever the engine is not just moving it."""

    SOURCE = "source"
    HELD_BACK = "held_back"
    READY = "ready"
    WAITING = "waiting"
    FIRST_IN_LINE = "first_in_line"
    BEHIND_KEY = "behind_key"
    BEHIND_CLAIM = "behind_claim"
    IN_READ_CALL = "in_read_call"
    TO_READ_AGAIN = "to_read_again"
    TO_CREATE = "to_create"
    TO_WRITE = "to_write"
    IN_WRITE_CALL = "in_write_call"
    TO_WRITE_AGAIN = "to_write_again"
    BEHIND_PART = "behind_part"
    BEHIND_ADDRESS = "behind_address"
    TO_VERIFY = "to_verify"
    IN_VERIFY_CALL = "in_verify_call"
    TO_LIST = "to_list"
    IN_LIST_CALL = "in_list_call"
    ENDED = "ended"


class Place(NamedTuple):
    """What a state means.

    :param meaning: what is true of a record that is there; its subject is "the record".
    :param held_in: the collections that hold it, as ``Class.attribute``, and for a call which part of it.
    """

    meaning: str
    held_in: tuple[str, ...] = ()


class Transition(NamedTuple):
    """A way of a record.

    :param origins: the states that it leads from.
    :param target: the state that it leads to.
    :param event: what happened.
    :param code: the function that moves the record, as ``Class.function``. Where several functions of the
        table are on the stack, the innermost counts.
    """

    origins: tuple[State, ...]
    target: State
    event: str
    code: str


PLACES: Mapping[State, Place] = {
    State.SOURCE: Place("has not been read yet", ("RecordReader._rows",)),
    State.HELD_BACK: Place(
        "waits until it is known whether rows before it are about its contact: it equals its proof, or it "
        "comes after one of its key or contact that does",
        ("HeldRows._rows",),
    ),
    State.READY: Place("was read ahead, to be compared with its proof", ("ProofGate._ready",)),
    State.WAITING: Place("can be taken for a look-up, or for a write without one", ("InFlight._waiting",)),
    State.FIRST_IN_LINE: Place("can be taken before those that wait", ("InFlight._first_in_line",)),
    State.BEHIND_KEY: Place(
        "waits: an earlier row that has, or gets, one of the keys that it has or gets is under way",
        ("InFlight._behind_key",),
    ),
    State.BEHIND_CLAIM: Place("waits: another record has claimed its contact", ("InFlight._behind_claim",)),
    State.IN_READ_CALL: Place("is being looked up", ("UnderWay._calls: ReadCall.records",)),
    State.TO_READ_AGAIN: Place(
        "is to be looked up again, in a smaller call", ("LookUps._split: ReadCall.records",)
    ),
    State.TO_CREATE: Place(
        "nobody has its key; it is to be looked up who has the addresses that the new contact would get",
        ("Creations._changes",),
    ),
    State.TO_WRITE: Place("has a step to be written", ("WriteQueue._steps",)),
    State.IN_WRITE_CALL: Place("is being written", ("UnderWay._calls: WriteCall.steps",)),
    State.TO_WRITE_AGAIN: Place(
        "is to be written again, in a part of its batch, which got no clear answer",
        ("WriteQueue._to_resend: WriteCall.steps",),
    ),
    State.BEHIND_PART: Place(
        "waits: another part of its batch, which got no clear answer, is sent first",
        ("WriteQueue._to_resend: WriteCall.others", "UnderWay._calls: WriteCall.others"),
    ),
    State.BEHIND_ADDRESS: Place("waits: another contact still has its new address", ("KeySwaps._waiting",)),
    State.TO_VERIFY: Place("was written, and is to be read back", ("PendingVerification._written",)),
    State.IN_VERIFY_CALL: Place("is being read back", ("UnderWay._calls: VerifyCall.written",)),
    State.TO_LIST: Place(
        "has ended well, and its contact is to be in a list, or to leave it",
        (
            "Memberships._unchecked",
            "Memberships._due",
            "Memberships._parts: ListCall.results",
        ),
    ),
    State.IN_LIST_CALL: Place(
        "is put into its list, or taken out, or it is read whether it is there",
        ("UnderWay._calls: ListCall.results",),
    ),
    State.ENDED: Place("has its result"),
}


NOTES: Mapping[str, str] = {
    "HeldRows._named": "key or record id → rows that are held back",
    "ProofGate._touched_here": "record ids of a chunk's rows, of contacts that were sent before",
    "ProofGate._open": "key → its rows that were compared and are to be sent, until they have ended",
    "ProofGate._key_of": "row of these → its key",
    "Unidentified._rows": "rows of these whose contact is not known yet",
    "Unidentified._in_order": "the same as a heap, with rows whose contact is known by now",
    "Unidentified._new": "likewise, of those rows whose keys have no proof",
    "ProofGate._to_prove": "key → what is proved, and not kept yet",
    "InFlight._held": "key, or one to come → all keys of the record in flight that others of it wait for",
    "InFlight._taken": "key → the contact that its record claims, from the first call until the record ends",
    "InFlight._claimed": "all of these contacts",
    "InFlight._merged": "key → the record that stands for several rows of it",
    "InFlight._alone": "key → the last of its rows that are sent one by one",
    "DirectWrites.left": "rows that a write without a look-up, or a creation, has left to a look-up",
    "Ends._unsure": "rows that attempts without a clear answer may have written",
    "Ends._doubted": "row of these → what those attempts have sent for it",
    "Memberships._named": "row under way → the list that it names",
    "Memberships._contacts": "key under way → the record id of its contact",
    "Memberships._filled": "list → whether most of its last call were members; None during its first one",
    "WriteQueue._has_waited": "rows that waited for an address, which they do only once",
    "KeySwaps._parked": "contact → its next step, while the step before it gives up the contact's address",
}
"""Collections that note something about records which are held elsewhere."""


STOPPED = "the run stopped"
"""Begins the events that only the end of a run brings about."""


_READY = (State.WAITING, State.FIRST_IN_LINE)

_KEPT = (
    *(State.HELD_BACK, State.READY),
    *(State.WAITING, State.FIRST_IN_LINE, State.BEHIND_KEY, State.BEHIND_CLAIM, State.TO_READ_AGAIN),
    State.TO_CREATE,
    *(
        State.TO_WRITE,
        State.TO_WRITE_AGAIN,
        State.BEHIND_PART,
        State.BEHIND_ADDRESS,
        State.TO_VERIFY,
        State.TO_LIST,
    ),
)
"""What is under way, but in no call."""


TRANSITIONS: tuple[Transition, ...] = (
    # Read from the source
    Transition((State.SOURCE,), State.WAITING, "it is valid", "InFlight.admit"),
    Transition(
        (State.SOURCE,),
        State.BEHIND_KEY,
        "it is valid, and an earlier row of one of its keys is under way",
        "InFlight.admit",
    ),
    Transition(
        (State.SOURCE,), State.ENDED, "it is not valid, or an earlier try has ended it", "Engine._fill"
    ),
    # Compared with what is proved of it, if there is a state
    Transition(
        (State.SOURCE,),
        State.HELD_BACK,
        "it equals its proof, or comes after one of its key or contact that does",
        "ProofGate._admit",
    ),
    Transition((State.SOURCE,), State.READY, "it does not equal its proof", "ProofGate._admit"),
    Transition((State.SOURCE,), State.READY, "it is not valid", "ProofGate._compare"),
    Transition(
        (State.HELD_BACK,),
        State.READY,
        "it is to be sent, and no row before it that has to do with it is held back",
        "ProofGate._release",
    ),
    Transition((State.HELD_BACK,), State.ENDED, "no row before it is about its contact", "Engine._fill"),
    Transition((State.READY,), State.WAITING, "it is its turn", "InFlight.admit"),
    Transition(
        (State.READY,),
        State.BEHIND_KEY,
        "an earlier row of one of its keys is under way",
        "InFlight.admit",
    ),
    Transition((State.READY,), State.ENDED, "it is not valid", "Engine._fill"),
    # Looked up
    Transition(_READY, State.IN_READ_CALL, "a look-up has room for it", "LookUps.start"),
    Transition(
        (State.BEHIND_KEY,),
        State.IN_READ_CALL,
        "it is merged with the row before it, which is looked up",
        "LookUps.start",
    ),
    Transition(
        (State.IN_READ_CALL,),
        State.TO_READ_AGAIN,
        "HubSpot refused the look-up because of one of its keys or addresses",
        "LookUps.answered",
    ),
    Transition((State.TO_READ_AGAIN,), State.IN_READ_CALL, "a call is free", "LookUps.start"),
    Transition((State.IN_READ_CALL,), State.ENDED, "the look-up was refused or lost", "LookUps.answered"),
    Transition(
        (State.IN_READ_CALL,),
        State.ENDED,
        "the answer does not mention its key, or contradicts itself",
        "LookUps._resolve",
    ),
    Transition(
        (State.IN_READ_CALL,),
        State.TO_CREATE,
        "nobody has its key, which is no address, and the new contact is given addresses",
        "LookUps._go_on",
    ),
    Transition(
        (State.TO_CREATE,),
        State.IN_READ_CALL,
        "a look-up by addresses is full, or nothing more will fill it",
        "LookUps.start",
    ),
    # Claimed and planned
    Transition(
        (State.IN_READ_CALL,),
        State.BEHIND_CLAIM,
        "another record has claimed its contact, or the one that has an address of it",
        "InFlight.claim",
    ),
    Transition(
        (State.IN_READ_CALL,),
        State.FIRST_IN_LINE,
        "its contact, or the one that has an address of it, was written after the look-up began",
        "InFlight.claim",
    ),
    Transition(
        (State.IN_READ_CALL,),
        State.TO_WRITE,
        "it differs from its contact, or nobody has its keys and addresses",
        "LookUps._decided",
    ),
    Transition(
        (State.IN_READ_CALL,),
        State.ENDED,
        "there is nothing to write, or nothing that may be written; or the run is a dry run",
        "LookUps._decided",
    ),
    Transition(
        (*_READY, State.BEHIND_KEY),
        State.TO_WRITE,
        "it is written without a look-up",
        "LookUps.write_directly",
    ),
    Transition(
        (*_READY, State.BEHIND_KEY),
        State.BEHIND_CLAIM,
        "it is written without a look-up, and another record has claimed its contact",
        "LookUps.write_directly",
    ),
    Transition(
        _READY,
        State.ENDED,
        "it would be written without a look-up, as the legacy API does, but the portal does not allow its "
        "values",
        "LookUps.write_directly",
    ),
    # Written
    Transition(
        (State.TO_WRITE,),
        State.IN_WRITE_CALL,
        "a call is full, or nothing more will fill it",
        "Writes.start",
    ),
    Transition(
        (State.TO_WRITE,),
        State.FIRST_IN_LINE,
        "HubSpot has refused to write contacts by their keys: it is looked up",
        "InFlight.resume",
    ),
    Transition((State.TO_WRITE_AGAIN,), State.IN_WRITE_CALL, "a call is free", "Writes.start"),
    Transition((State.IN_WRITE_CALL,), State.ENDED, "it was written, refused or lost", "Writes._conclude"),
    Transition(
        (State.IN_WRITE_CALL,),
        State.TO_VERIFY,
        "it was written, and is to be verified",
        "PendingVerification.hold",
    ),
    Transition(
        (State.IN_WRITE_CALL,),
        State.TO_WRITE,
        "a step was written: the next follows; or a step was refused: what it cleared is put back",
        "WriteQueue.add_next",
    ),
    Transition(
        (State.IN_WRITE_CALL,),
        State.TO_WRITE_AGAIN,
        "its batch was refused, and it is in the part that is sent first",
        "WriteQueue.repeat",
    ),
    Transition(
        (State.IN_WRITE_CALL,),
        State.BEHIND_PART,
        "its batch was refused, and it is in the part that is sent later",
        "WriteQueue.repeat",
    ),
    Transition(
        (State.BEHIND_PART,), State.TO_WRITE_AGAIN, "the other part was answered", "WriteQueue.repeat"
    ),
    Transition(
        (State.IN_WRITE_CALL,),
        State.FIRST_IN_LINE,
        "its creation met a contact that exists, or a write without a look-up did not decide about it: it is "
        "looked up",
        "InFlight.resume",
    ),
    Transition(
        (State.WAITING, State.BEHIND_KEY),
        State.FIRST_IN_LINE,
        "it would be written without a look-up, but the portal does not allow its values: it is looked up, "
        "since it may have them",
        "InFlight.resume",
    ),
    # A new address
    Transition(
        (State.IN_WRITE_CALL,),
        State.BEHIND_ADDRESS,
        "another contact has its new address",
        "WriteQueue.block",
    ),
    Transition(
        (State.IN_WRITE_CALL,),
        State.TO_WRITE,
        "contacts wait for each other's addresses in a circle: it gives up its own first",
        "WriteQueue.block",
    ),
    Transition(
        (State.IN_WRITE_CALL,),
        State.BEHIND_ADDRESS,
        "it has given up its address, and waits for the new one",
        "WriteQueue.add_next",
    ),
    Transition(
        (State.BEHIND_ADDRESS,),
        State.TO_WRITE,
        "the other contact has given up the address",
        "WriteQueue.add_next",
    ),
    Transition(
        (State.BEHIND_ADDRESS,), State.TO_WRITE, "the other contact's record ended", "WriteQueue.ended"
    ),
    Transition(
        (State.BEHIND_ADDRESS,), State.TO_WRITE, "too many wait: it has waited longest", "WriteQueue.block"
    ),
    Transition(
        (State.BEHIND_ADDRESS,),
        State.TO_WRITE,
        "no call is under way that could free the address",
        "WriteQueue.unblock",
    ),
    # Verified
    Transition(
        (State.TO_VERIFY,),
        State.IN_VERIFY_CALL,
        "a call is full, or no other is under way",
        "Checks.start",
    ),
    Transition((State.IN_VERIFY_CALL,), State.ENDED, "it was read back, or could not be", "Checks.answered"),
    # Put into its list
    Transition(
        (State.HELD_BACK, State.READY, State.IN_READ_CALL, State.IN_WRITE_CALL, State.IN_VERIFY_CALL),
        State.TO_LIST,
        "it ended well, and names a list",
        "Memberships.hold",
    ),
    Transition(
        (State.TO_LIST,),
        State.IN_LIST_CALL,
        "a call is full, or no other is under way",
        "ListCalls.start",
    ),
    Transition(
        (State.TO_LIST,),
        State.ENDED,
        "it is known that its contact is where it is to be",
        "ListCalls.start",
    ),
    Transition(
        (State.IN_LIST_CALL,),
        State.TO_LIST,
        "the answer does not mention its contact, of which it is read whether it is there",
        "Memberships._moved",
    ),
    Transition(
        (State.IN_LIST_CALL,),
        State.TO_LIST,
        "it was read first, and its contact is not known to be in the list, into which it is put",
        "Memberships._looked",
    ),
    Transition(
        (State.IN_LIST_CALL,), State.TO_LIST, "the call was refused, and is halved", "Memberships._divide"
    ),
    Transition(
        (State.IN_LIST_CALL,), State.ENDED, "HubSpot has said where its contact is", "ListCalls.answered"
    ),
    # Its turn
    Transition((State.BEHIND_KEY,), State.FIRST_IN_LINE, "the row before it ended", "InFlight._move_up"),
    Transition((State.BEHIND_CLAIM,), State.FIRST_IN_LINE, "the claim was given up", "InFlight._given_up"),
    Transition(
        (State.WAITING, State.IN_READ_CALL, State.IN_WRITE_CALL),
        State.FIRST_IN_LINE,
        "it is the first of merged rows, one of which was refused: they are sent one by one",
        "InFlight.part",
    ),
    Transition(
        (State.FIRST_IN_LINE, State.IN_READ_CALL, State.IN_WRITE_CALL),
        State.BEHIND_KEY,
        "it is a later one of merged rows, one of which was refused: they are sent one by one",
        "InFlight.part",
    ),
    # The end of a run
    Transition(
        (State.IN_READ_CALL,), State.TO_READ_AGAIN, f"{STOPPED} before the call was sent", "LookUps.put_back"
    ),
    Transition(
        (State.IN_WRITE_CALL,),
        State.TO_WRITE,
        f"{STOPPED} before the call was sent",
        "Engine._unsend",
    ),
    Transition(
        (State.IN_WRITE_CALL,),
        State.TO_WRITE_AGAIN,
        f"{STOPPED} before the call was sent for the second time",
        "Engine._unsend",
    ),
    Transition(
        (State.IN_VERIFY_CALL,), State.TO_VERIFY, f"{STOPPED} before the call was sent", "Engine._unsend"
    ),
    Transition((State.IN_LIST_CALL,), State.TO_LIST, f"{STOPPED} before the call was sent", "Engine._unsend"),
    Transition(_KEPT, State.ENDED, STOPPED, "Engine._abandon"),
)
