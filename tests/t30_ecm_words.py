"""The ECM words of scripted far ends: what they hear of blocks and their commands, what they ask for.

< block 14400 0-7          frames 0 to 7 arrived on the fast carrier; `none` where there was none
< long-block 12000 2,5     ... behind long training, as after CTR
< PPS-EOP 0 1 8            page 0, block 1, 8 frames in this burst; PPS-NULL, PPS-MPS, PPS-EOM alike
< CTC 12000                the rate its two octets state
< EOR-EOP                  and so for other commands
> PPR 2,5-6                frames wanted; `beyond` stands for those that do not exist, 8 on
> block 1 0-2,4            frames of page 1, the others are lost on the way; `1.1` is its block 1
> long-block 1 5           ... behind long training
> PPS-EOP 0 1 8            and CTC, EOR as above
"""

from __future__ import annotations

from modem.capabilities import Dcs, Dis, negotiate, offer
from modem.coding import Coding, Compression, Resolution
from modem.fcf import ADDRESS, CONTROL_NOT_FINAL, X_BIT, Fcf, Frame
from modem.hdlc import Deframer, transmission
from modem.rates import Rate

CARRIERS = ("block", "long-block")
COMMANDS = ("PPS-", "EOR-", "CTC ")
BEYOND = "8-255"
_NULL = 0
EVERYTHING = offer(rates=Rate, compressions=(Compression.MH,), resolutions=(Resolution.STANDARD,)).fif


def heard_frame(frame: Frame) -> str:
    """Return a frame as scripts name it."""
    match frame.fcf:
        case Fcf.PPS:
            command, page, block, last = frame.fif
            return f"PPS-{_command(command)} {page} {block} {last + 1}"
        case Fcf.EOR:
            return f"EOR-{_command(frame.fif[0])}"
        case Fcf.CTC:
            rate = Dcs(frame.fif).rate
            assert rate
            assert len(frame.fif) == 2
            return f"CTC {rate.bits}"
        case Fcf.PPR:
            return f"PPR {_ranges([i for i in range(256) if frame.fif[i // 8] >> i % 8 & 1])}"
        case _:
            return frame.fcf.label


def _command(octet: int) -> str:
    return "NULL" if octet == _NULL else Fcf(octet & ~X_BIT).label


def heard_block(octets: bytes) -> str:
    """Return the numbers of the frames in a carrier."""
    frames = [one.octets for one in Deframer().feed(octets) if one.fcs_ok]
    assert [one[2] for one in frames[-3:]] == [Fcf.RCP] * 3, "a block ends with three RCP"
    assert all(one[2] == Fcf.FCD for one in frames[:-3])
    return _ranges([one[3] for one in frames[:-3]])


def request(words: str) -> bytes:
    """Return the field of a PPR that asks for these frames."""
    return sum(1 << number for number in _numbers(words)).to_bytes(32, "little")


def block(page: bytes, number: int, words: str, size: int) -> bytes:
    """Return the octets of a carrier with these frames of a block."""
    part = page[number * 256 * size : (number + 1) * 256 * size]
    head = bytes((ADDRESS, CONTROL_NOT_FINAL))
    frames = [
        head + bytes((Fcf.FCD, i)) + part[i * size : (i + 1) * size].ljust(size, b"\0")
        for i in _numbers(words)
        if i * size < len(part)
    ]
    return transmission([*frames, *[head + bytes((Fcf.RCP,))] * 3], flags=300)


def command(words: str, *, x: bool) -> Frame:
    """Return the frame of a command of ECM."""
    name, *numbers = words.split()
    if name == "CTC":
        rate = next(one for one in Rate if one.bits == int(numbers[0]))
        return Frame(Fcf.CTC, x, fif=negotiate(Dis(EVERYTHING), Coding(Compression.MH), rate).fif[:2])
    fcf, _, plain = name.partition("-")
    octet = _NULL if plain == "NULL" else Fcf[plain] | (X_BIT if x else 0)
    if fcf == "EOR":
        return Frame(Fcf.EOR, x, fif=bytes((octet,)))
    page, number, count = map(int, numbers)
    return Frame(Fcf.PPS, x, fif=bytes((octet, page, number, count - 1)))


def _numbers(words: str) -> list[int]:
    """Return 0, 1, 2, 3 and 7 for `0-3,7`."""
    spans = [] if words == "none" else words.replace("beyond", BEYOND).split(",")
    return [number for word in spans for number in _span(word)]


def _span(word: str) -> range:
    first, _, last = word.partition("-")
    return range(int(first), int(last or first) + 1)


def _ranges(numbers: list[int]) -> str:
    """Return `0-3,7` for 0, 1, 2, 3 and 7."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and parts[-1][-1] == number - 1:
            parts[-1] = [parts[-1][0], number]
        else:
            parts.append([number])
    return ",".join("-".join(map(str, part)) for part in parts) or "none"
