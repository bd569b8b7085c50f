# SPDX-License-Identifier: Apache-2.0
"""HubSpot's refusals, a module for each thing that they are about.

Those that concern a token or a limit are in ``access``.

A letter says how reliable a text is: **D** documented by HubSpot, **F** recorded from HubSpot, **T** told by
others, **U** unknown, so that the text is ours. By status:

::

    refusal.Refused
    ├── 400  requests    InvalidJson, MissingFields, NothingToUpdate, UnknownObjectType, InvalidInput,
    │                    InvalidSearch, DuplicateIds, TooManyInputs, NonUniqueIdProperty
    │        values      InvalidProperties, MissingProperties
    │        records     ValueTaken (a RecordExists)
    │        v1          PropertyMissing, NotMergeable, BatchRefused
    │        properties  PropertyInUse, GroupInUse
    │        lists       ListExists, NotAListsType
    │        imports     ImportNotActive
    ├── 404  records     RecordNotFound, IdNotNumeric, OwnerNotFound;
    │                    RecordsNotFound and NoAssociations in a 207
    │        v1          LegacyContactNotFound
    │        properties  PropertyNotFound, GroupNotFound, RuleNotFound
    │        lists       ListNotFound
    │        imports     ImportNotFound
    │        own         NoSuchFault, NoSuchSnapshot
    ├── 409  records     RecordExists
    │        v1          LegacyContactExists
    │        properties  PropertyExists, GroupExists
    ├── 413  requests    TooLarge
    ├── 429  imports     ImportTooLarge
    ├── 500  own         Broken
    └── 501  own         NotEmulated, or 405 by a switch
"""
