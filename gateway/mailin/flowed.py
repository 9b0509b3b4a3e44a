"""format=flowed (RFC 3676): lines that a mailer broke softly are joined to the paragraph they were.

Quoted lines are joined only to lines of the same depth; the signature's mark "-- " is never a soft break.
Refuses nothing: a last line that ends softly simply ends.
"""

from __future__ import annotations

SIGNATURE = "-- "


def joined(text: str, *, delete_space: bool) -> str:
    """Return text with its paragraphs whole; line ends are LF, `delete_space` is the DelSp parameter."""
    paragraphs: list[tuple[int, list[str]]] = []
    soft = False
    for raw in text.split("\n"):
        depth, line = _unquoted(raw)
        if not (soft and paragraphs[-1][0] == depth and line != SIGNATURE):
            paragraphs.append((depth, []))
        soft = line.endswith(" ") and line != SIGNATURE
        paragraphs[-1][1].append(line[:-1] if soft and delete_space else line)
    return "\n".join(_quoted(depth, "".join(pieces)) for depth, pieces in paragraphs)


def _unquoted(line: str) -> tuple[int, str]:
    """Return how deep a line is quoted, and the line without marks and without its space stuffing."""
    rest = line.lstrip(">")
    return len(line) - len(rest), rest.removeprefix(" ")


def _quoted(depth: int, line: str) -> str:
    return f"{'>' * depth} {line}" if depth else line
