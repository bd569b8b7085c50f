# SPDX-License-Identifier: Apache-2.0
"""Customers of a made-up warehouse, and the contacts that HubSpot has of them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

PLACES = {
    "Brazil": (
        ("João", "Luíza", "Antônio"),
        ("Gonçalves", "Araújo", "Conceição"),
        ("São Paulo", "Brasília"),
        "Rua das Flores",
    ),
    "China": (
        ("伟", "芳", "秀英"),
        ("王", "李", "张"),
        ("北京", "上海"),
        "长安街",
    ),
    "Czechia": (
        ("Jiří", "Žofie", "Řehoř"),
        ("Dvořák", "Šťastná", "Kříž"),
        ("Plzeň", "Ústí nad Labem"),
        "Náměstí Míru",
    ),
    "Egypt": (
        ("محمد", "فاطمة", "يوسف"),
        ("حسن", "السيد", "إبراهيم"),
        ("القاهرة", "الإسكندرية"),
        "شارع التحرير",
    ),
    "Ethiopia": (
        ("አበበ", "ሙሉ", "ሰላም"),
        ("ተስፋዬ", "ገብረ", "ከበደ"),
        ("አዲስ አበባ", "ጎንደር"),
        "ቸርችል ጎዳና",
    ),
    "Georgia": (
        ("გიორგი", "ნინო", "ლუკა"),
        ("ბერიძე", "კაპანაძე", "გელაშვილი"),
        ("თბილისი", "ქუთაისი"),
        "რუსთაველის გამზირი",
    ),
    "Germany": (
        ("Jürgen", "Käthe", "Björn"),
        ("Groß", "Müller", "Weiß"),
        ("Köln", "München"),
        "Königstraße",
    ),
    "Greece": (
        ("Γιώργος", "Ελένη", "Νίκος"),
        ("Παπαδόπουλος", "Βασιλείου", "Οικονόμου"),
        ("Αθήνα", "Πάτρα"),
        "Οδός Ερμού",
    ),
    "Hawaii": (
        ("Kaʻimi", "Leilani", "Nāmaka"),
        ("Kealoha", "Kahananui", "Kūʻai"),
        ("Honolulu", "Wailuku"),
        "Kalākaua Avenue",
    ),
    "India": (
        ("आरव", "प्रिया", "விஜய்"),
        ("शर्मा", "पटेल", "குமார்"),
        ("मुंबई", "சென்னை"),
        "महात्मा गांधी मार्ग",
    ),
    "Ireland": (
        ("Siobhán", "Pádraig", "Aoife"),
        ("O'Brien", "Ní Dhónaill", "Mac Giolla"),
        ("Dún Laoghaire", "Gaillimh"),
        "Sráid Uí Chonaill",
    ),
    "Israel": (
        ("דוד", "שרה", "נועם"),
        ("כהן", "לוי", "מזרחי"),
        ("תל אביב", "חיפה"),
        "רחוב הרצל",
    ),
    "Japan": (
        ("さくら", "太郎", "ケンジ"),
        ("佐藤", "鈴木", "髙橋"),
        ("東京", "大阪"),
        "銀座通り",
    ),
    "Korea": (
        ("민준", "서연", "지우"),
        ("김", "이", "박"),
        ("서울", "부산"),
        "세종대로",
    ),
    "Poland": (
        ("Łukasz", "Żaneta", "Świętosława"),
        ("Wójcik", "Zając", "Gąsiorowski"),
        ("Łódź", "Kraków"),
        "ulica Świętojańska",
    ),
    "Thailand": (
        ("สมชาย", "มาลี", "ณัฐ"),
        ("ศรีสุข", "ใจดี", "วงศ์ใหญ่"),
        ("กรุงเทพฯ", "เชียงใหม่"),
        "ถนนสุขุมวิท",
    ),
    "Türkiye": (
        ("İbrahim", "Şule", "Çağla"),
        ("Yılmaz", "Öztürk", "Güneş"),
        ("İstanbul", "Diyarbakır"),
        "İstiklal Caddesi",
    ),
    "Ukraine": (
        ("Олена", "Сергій", "Ївга"),
        ("Шевченко", "Коваленко", "Їжак"),
        ("Київ", "Львів"),
        "вулиця Хрещатик",
    ),
    "Vietnam": (
        ("Nguyệt", "Đức", "Thảo"),
        ("Nguyễn", "Trần", "Phạm"),
        ("Hà Nội", "Đà Nẵng"),
        "đường Trần Hưng Đạo",
    ),
}
"""Country → given names, family names, cities, a street."""

SEGMENTS = {"lead": "Newsletter", "opportunity": "Invited to a call", "customer": "Customers"}
"""Stage → the list in HubSpot of the customers who are in it."""

PEOPLE = [
    {"email": "ada@example.com", "firstname": "Augusta", "lastname": "Lovelace", "lifecyclestage": "lead"},
    {"email": "grace@example.com", "firstname": "Grace", "lastname": "Hopper", "lifecyclestage": "lead"},
    {"email": "alan@example.com", "firstname": "Alan", "lastname": "Turing", "lifecyclestage": "lead"},
]
"""Contacts whom the example DAGs without a warehouse know."""

NEWCOMERS = 20
"""Customers that only the table of dbt has."""

KINDS = {
    "updated": 2_300,
    "unchanged": 2_200,
    "not_found": 300,
    "invalid": 120,
    "no_option": 79,
    "stage_back": 1,
}
"""How many customers of each kind there are; ``no_option`` and ``stage_back`` end ``invalid``, too."""

EXPECTED = {"updated": 2_300, "unchanged": 2_200, "invalid": 200, "not_found": 300}

EDITED = 25
"""Customers that have a new phone number before the second run."""

EXPECTED_AGAIN = {"updated": EDITED, "up_to_date": 4_500 - EDITED, "invalid": 200, "not_found": 300}
"""Outcomes of the second run, which knows what the first one has proved."""

Row = dict[str, Any]

_FIRST_CHANGE = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class World:
    """A warehouse table, and HubSpot's contacts."""

    customers: list[Row]
    contacts: list[dict[str, str]]


def to_be_edited(world: World) -> list[str]:
    """Return the addresses of the customers that have a new phone number before the second run."""
    pairs = zip(world.customers, world.contacts, strict=True)
    return [customer["email"] for customer, contact in pairs if _contact(customer) == contact][:EDITED]


def make_world(seed: int = 2026) -> World:
    """Make customers and contacts, the same for the same seed."""
    dice = random.Random(seed)
    kinds = [kind for kind, count in KINDS.items() for _ in range(count)]
    dice.shuffle(kinds)
    customers: list[Row] = []
    contacts: list[dict[str, str]] = []
    for number, kind in enumerate(kinds, 1):
        customer = _customer(number, dice)
        contact = _contact(customer)
        if kind == "not_found":
            contact = _contact(_customer(number, dice)) | {"email": f"somebody.else-{number}@example.org"}
        elif kind != "unchanged":
            _SPOIL[kind](customer, dice)
        customers.append(customer)
        contacts.append(contact)
    return World(customers, contacts)


def _customer(number: int, dice: random.Random) -> Row:
    country = dice.choice(sorted(PLACES))
    given, family, cities, street = PLACES[country]
    return {
        "email": f"customer-{number}@example.com",
        "first_name": dice.choice(given),
        "last_name": dice.choice(family),
        "address": f"{street} {dice.randrange(1, 200)}",
        "city": dice.choice(cities),
        "country": country,
        "phone": f"+{dice.randrange(1, 99)} {dice.randrange(10**6, 10**9)}",
        "revenue": dice.randrange(100, 1_000_000),
        "lead_status": dice.choice(("NEW", "OPEN", "CONNECTED")),
        "stage": (stage := dice.choice(("lead", "opportunity", "customer"))),
        "segment": SEGMENTS[stage],
        "updated_at": (_FIRST_CHANGE + timedelta(minutes=number)).isoformat(" "),
    }


def _contact(customer: Row) -> dict[str, str]:
    return {
        "email": customer["email"],
        "firstname": customer["first_name"],
        "lastname": customer["last_name"],
        "address": customer["address"],
        "city": customer["city"],
        "country": customer["country"],
        "phone": customer["phone"],
        "annualrevenue": str(customer["revenue"]),
        "hs_lead_status": customer["lead_status"],
        "lifecyclestage": customer["stage"],
    }


def dim_customers(world: World) -> Iterator[Row]:
    """Yield the rows of the table that dbt builds: customers whom HubSpot knows, and newcomers."""
    known = {contact["email"] for contact in world.contacts}
    for customer in world.customers:
        if customer["email"] in known and customer["first_name"]:
            yield {column: customer[column] for column in ("email", "first_name", "city")}
    for number in range(1, NEWCOMERS + 1):
        yield {"email": f"newcomer-{number}@example.com", "first_name": "Noor", "city": "Utrecht"}


def _change(customer: Row, dice: random.Random) -> None:
    customer["revenue"] += dice.randrange(1, 1_000)
    if dice.random() < 0.3:
        customer["phone"] = "+1 555 0100"
    if customer["stage"] == "lead":
        customer["stage"] = "opportunity"
    if customer["revenue"] % 2:
        cities = PLACES[customer["country"]][2]
        customer["city"] = next(city for city in cities if city != customer["city"])


def _break_schema(customer: Row, dice: random.Random) -> None:
    customer.update(
        dice.choice(({"phone": "call me"}, {"revenue": -5}, {"first_name": ""}, {"last_name": None}))
    )


def _take_no_option(customer: Row, _: random.Random) -> None:
    customer["lead_status"] = "PLATINUM"


def _go_back(customer: Row, _: random.Random) -> None:
    customer["stage"] = "subscriber"


_SPOIL = {"updated": _change, "invalid": _break_schema, "no_option": _take_no_option, "stage_back": _go_back}
