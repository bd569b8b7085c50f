# SPDX-License-Identifier: Apache-2.0
"""Forms with files: ``multipart/form-data`` (RFC 7578)."""

from __future__ import annotations

from email.message import Message
from typing import NamedTuple


class Part(NamedTuple):
    """One field of a form.

    :param filename: name of the file; None if the field is not a file.
    """

    name: str
    filename: str | None
    content: bytes


class NoForm(Exception):
    """The body is not a multipart form."""


def parse(content_type: str, body: bytes) -> list[Part]:
    """Read a form.

    :param content_type: the header, whose ``boundary`` separates the parts.
    :raises NoForm: if the body is not a form.
    """
    header = Message()
    header["Content-Type"] = content_type.encode("ascii", "replace").decode()
    boundary = header.get_boundary()
    if header.get_content_type() != "multipart/form-data" or not boundary:
        raise NoForm
    pieces = (b"\r\n" + body).split(b"\r\n--" + boundary.encode())
    if len(pieces) < 2 or not pieces[-1].startswith(b"--"):
        raise NoForm
    return [_part(piece) for piece in pieces[1:-1]]


def _part(piece: bytes) -> Part:
    head, separator, content = piece.partition(b"\r\n\r\n")
    if not separator:
        raise NoForm
    for line in head.decode("utf-8", "replace").split("\r\n"):
        name, _, value = line.partition(":")
        if name.strip().lower() == "content-disposition":
            header = Message()
            header["Content-Disposition"] = "".join(char for char in value if char >= " ").strip()
            return Part(_parameter(header, "name") or "", _parameter(header, "filename"), content)
    raise NoForm


def _parameter(header: Message, name: str) -> str | None:
    value = header.get_param(name, header="content-disposition")
    if isinstance(value, tuple):  # RFC 2231: charset, language, text
        return value[2]
    return value
