"""Files written into the text of a mail: uuencode, as older Japanese mailers and business systems send them.

The file is taken out of the text and becomes an attachment. yEnc is binary among text: it is taken out too,
and the sender is told. A `begin` without lines of uuencode after it stays text.
"""

from __future__ import annotations

import re

from gateway.mailin.transfer import from_uuencoded

BEGIN = re.compile(r"begin(?:-base64)? [0-7]{3,4} (\S[^\n]{0,250})\Z")
UU_LINE = re.compile(r"[ -`]{1,90}\Z")
Y_ENC = re.compile(r"^=ybegin [^\n]*\n.*?(?:^=yend [^\n]*\n?|\Z)", re.MULTILINE | re.DOTALL)
MOST_FILES = 100


def taken_out(text: str) -> tuple[str, list[tuple[str, bytes]], list[str]]:
    """Return (text without files, [(name, octets)], warnings)."""
    warnings: list[str] = []
    if "=ybegin " in text:
        text = Y_ENC.sub("", text)
        warnings.append("A file in yEnc was left out: attach the file itself")
    if "\nbegin " not in f"\n{text}":
        return text, [], warnings
    kept: list[str] = []
    files: list[tuple[str, bytes]] = []
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        found = BEGIN.match(lines[at]) if len(files) < MOST_FILES else None
        end = _end(lines, at + 1) if found else at
        if found and end > at + 1:
            data = from_uuencoded([line.encode("ascii") for line in lines[at + 1 : end]])
            files.append((found[1].strip(), data))
            at = end + 1
        else:
            kept.append(lines[at])
            at += 1
    return "\n".join(kept), files, warnings


def _end(lines: list[str], at: int) -> int:
    """Return the index of the line `end` if only lines of uuencode come before it, else `at`."""
    for index in range(at, len(lines)):
        if lines[index].rstrip() == "end":
            return index
        if not UU_LINE.match(lines[index]) or not _fits(lines[index]):
            return at
    return at


def _fits(line: str) -> bool:
    """Whether a line is as long as its first letter says, give or take a mailer's padding."""
    wanted = ((ord(line[0]) - 32) & 63) * 4 // 3
    return wanted - 4 <= len(line) - 1 <= wanted + 6
