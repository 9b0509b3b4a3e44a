"""The ECM words of scripted far ends: what they hear of blocks and their commands, what they ask for.

< block 14400 0-7          frames 0 to 7 arrived on the fast carrier; `none` where there was none
< long-block 12000 2,5     ... behind long training, as after CTR
< PPS-EOP 0 1 8            page 0, block 1, 8 frames in this burst; PPS-NULL, PPS-MPS, PPS-EOM alike
< CTC 12000                the rate its two octets state
< EOR-EOP                  and so for other commands
> PPR 2,5-6                frames wanted; `beyond` stands for those that do not exist, 8 on
"""

from __future__ import annotations

from modem.capabilities import Dcs
from modem.fcf import X_BIT, Fcf, Frame
from modem.hdlc import Deframer

CARRIERS = ("block", "long-block")
BEYOND = "8-255"
_NULL = 0


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
    wanted = [number for word in words.replace("beyond", BEYOND).split(",") for number in _span(word)]
    return sum(1 << number for number in wanted).to_bytes(32, "little")


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
