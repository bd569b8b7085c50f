# SPDX-License-Identifier: Apache-2.0
"""The contacts of the start: from a file, or made up."""

from __future__ import annotations

import codecs
import csv
import io
import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path

from airflow_provider_hubcontact.sandbox.crm.properties.defaults import LEAD_STATUSES, STAGES
from airflow_provider_hubcontact.sandbox.crm.properties.of_contacts import EMPLOYEES

Seed = dict[str, str]


class Row(Seed):
    """A contact from a file.

    :param where: its file, and its place there.
    """

    def __init__(self, properties: Seed, where: str) -> None:
        super().__init__(properties)
        self.where = where


PEOPLE = {
    "Brazil": (("João", "Luíza", "Antônio"), ("Gonçalves", "Araújo", "Conceição"), "São Paulo", "pt"),
    "China": (("伟", "芳", "秀英"), ("王", "李", "张"), "北京", "zh"),
    "Czechia": (("Jiří", "Žofie", "Řehoř"), ("Dvořák", "Šťastná", "Kříž"), "Plzeň", "cs"),
    "Egypt": (("محمد", "فاطمة", "يوسف"), ("حسن", "السيد", "إبراهيم"), "القاهرة", "ar"),
    "Germany": (("Jürgen", "Käthe", "Björn"), ("Groß", "Müller", "Weiß"), "Köln", "de"),
    "India": (("आरव", "प्रिया", "विजय"), ("शर्मा", "पटेल", "कुमार"), "मुंबई", "hi"),
    "Ireland": (
        ("Siobhán", "Pádraig", "Aoife"),
        ("O'Brien", "Ní Dhónaill", "Mac Giolla"),
        "Dún Laoghaire",
        "en",
    ),
    "Israel": (("דוד", "שרה", "נועם"), ("כהן", "לוי", "מזרחי"), "תל אביב", "he"),
    "Japan": (("さくら", "太郎", "ケンジ"), ("佐藤", "鈴木", "髙橋"), "東京", "ja"),
    "Korea": (("민준", "서연", "지우"), ("김", "이", "박"), "서울", "ko"),
    "Poland": (("Łukasz", "Żaneta", "Świętosława"), ("Wójcik", "Zając", "Gąsiorowski"), "Łódź", "pl"),
    "Thailand": (("สมชาย", "มาลี", "ณัฐ"), ("ศรีสุข", "ใจดี", "วงศ์ใหญ่"), "กรุงเทพฯ", "th"),
    "Türkiye": (("İbrahim", "Şule", "Çağla"), ("Yılmaz", "Öztürk", "Güneş"), "İstanbul", "tr"),  # noqa: RUF001 - Turkish
    "Ukraine": (("Олена", "Сергій", "Ївга"), ("Шевченко", "Коваленко", "Їжак"), "Київ", "uk"),
}
"""Country → given names, family names, a city, its language."""


def made_up(count: int, seed: int = 0) -> Iterator[Seed]:
    """Make up contacts; the same seed makes the same ones.

    :param count: number of contacts.
    :param seed: the seed.
    """
    dice = random.Random(seed)  # noqa: S311 - no secret
    countries = sorted(PEOPLE)
    stages = [value for value, _ in STAGES]
    statuses = [value for value, _ in LEAD_STATUSES]
    for number in range(1, count + 1):
        country = dice.choice(countries)
        given, family, city, language = PEOPLE[country]
        yield {
            "email": _email(number),
            "firstname": dice.choice(given),
            "lastname": dice.choice(family),
            "city": city,
            "country": country,
            "hs_language": language,
            "phone": f"+{dice.randrange(1, 99)} {dice.randrange(10**6, 10**9)}",
            "numemployees": dice.choice(EMPLOYEES),
            "annualrevenue": str(dice.randrange(1, 10_000) * 1_000),
            "lifecyclestage": dice.choice(stages),
            "hs_lead_status": dice.choice(statuses),
        }


def _email(number: int) -> str:
    """Make up an address: mostly plain, some with a tag, a subdomain or letters beyond ASCII."""
    if number % 50 == 7:
        return f"contact+{number:06}@example.com"
    if number % 50 == 23:
        return f"contact-{number:06}@mail.example.org"
    if number % 50 == 41:
        return f"kontakt-ß-{number:06}@bücher.example"
    return f"contact-{number:06}@example.com"


STANDARD_INPUT = "-"


def read_file(path: Path) -> list[Seed]:
    """Read contacts from a CSV file with property names in its first line, or a JSON array of objects.

    :param path: the file, in UTF-8, or in UTF-16 with a byte order mark; ``-`` is standard input, which is
        JSON if it begins with a bracket.
    :raises ValueError: if the file has another form; the message says where.
    :raises OSError: if it cannot be read.
    """
    is_input = str(path) == STANDARD_INPUT
    content = sys.stdin.buffer.read() if is_input else path.read_bytes()
    path = Path("standard input") if is_input else path
    text = _decoded(path, content)
    is_json = text.lstrip().startswith("[") if is_input else path.suffix.lower() == ".json"
    return _from_json(path, text) if is_json else list(_from_csv(path, text))


def _decoded(path: Path, content: bytes) -> str:
    encoding = "utf-16" if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"{path}, line {line}: this is not {encoding.upper().removesuffix('-SIG')}."
        ) from None


def _from_csv(path: Path, text: str) -> Iterator[Seed]:
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    names: list[str] = []
    line = 1
    try:
        for cells in rows:
            if not names:
                names = _names(path, cells)
            elif len(cells) > len(names):
                raise ValueError(f"{path}, line {line}: more values than names in the first line.")
            elif any(cells):
                values = zip(names, cells, strict=False)
                yield Row({name: value for name, value in values if value}, where=f"{path}, line {line}")
            line = rows.line_num + 1
    except csv.Error as error:
        raise ValueError(f"{path}, line {line}: {error}.") from error


def _names(path: Path, cells: list[str]) -> list[str]:
    """Check the first line."""
    for place, name in enumerate(cells, 1):
        if not name:
            raise ValueError(f"{path}, line 1, column {place}: there is no name.")
        if cells.index(name) < place - 1:
            raise ValueError(f"{path}, line 1, column {place}: {name} is there twice.")
        if ";" in name or "\t" in name:  # no property has such a name
            raise ValueError(f"{path}, line 1, column {place}: a comma separates names, not {name!r}.")
    return cells


def _from_json(path: Path, text: str) -> list[Seed]:
    try:
        contacts = json.loads(text)
    except ValueError as error:
        raise ValueError(f"{path} is not JSON: {error}.") from error
    if not isinstance(contacts, list) or not all(isinstance(contact, dict) for contact in contacts):
        raise ValueError(f"{path} is not an array of objects, one for each contact.")
    return [
        Row(
            {name: _text(value) for name, value in contact.items() if value is not None},
            where=f"{path}, contact {place}",
        )
        for place, contact in enumerate(contacts, 1)
    ]


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
