"""The receiving machine: phases A to E of T.30 for a document to be received, with and without ECM.

Theory of operation
-------------------
ANSWERING    off hook; CED and the V.21 preamble are the modem's
PHASE_B      (NSF) CSI DIS is out; T4, and T1 over all repetitions. DCS opens the training check
TCF          listening on the fast carrier, long training. Good: CFR. Bad: FTT. None: no answer, DCS comes
             again
RETRAIN      FTT, RTP or RTN is out; T2 for a new DCS
RECEIVING    CFR or MCF is out; T2 for the fast carrier of a page, short training
BETWEEN      something on V.21 instead of a page: DCS again (they missed CFR), a post-page command again (they
             missed our answer), DCN
POST_PAGE    the page's carrier has gone; MPS, EOM or EOP follows
REOPENING    EOM was confirmed; T2 of silence, then DIS again
CLOSING      EOP was confirmed; DCN is expected and not needed

and with ECM, in place of RECEIVING, BETWEEN and POST_PAGE:

RECEIVING_BLOCK  CFR, MCF, PPR, ERR or CTR is out; T2 for the fast carrier of a block, long training
             after CTR
BLOCK_END    the carrier has gone, or never came: PPS asks what is missing, EOR gives the block up, CTC asks
             for another rate, RR for our last answer
BUSY         RNR is out, the page is being stored; RR asks again

**The repeated command.** A post-page command without a page before it is a repetition: it gets the same
answer once more and counts nothing. But a page may also have been missed whole, and to confirm that one
would lose it without a word. The two differ in time: a repetition begins within the far end's T4 after our
answer; so another command, a later one (`REPEAT_WINDOW`), or one behind a fast carrier that brought no line
or would not train tells of a lost page, and the call is ended with DCN. CRP asks for our last answer under
the same conditions. With ECM the counters of the PPS tell: a block that was
confirmed is confirmed again, whatever came with it, and one beyond the next tells of a lost one. Some senders
count every page as the first: a repetition that comes too late for one is asked for its frames, which tell.

**The page.** It is read when its command comes, handed to the sink, and confirmed when the owner has stored
it (write-ahead); `modem.incoming` has the verdict. A page without a single line is never answered with RTN,
confused senders count that as sent: DCN. A page of whole blocks is confirmed even where a line of it does
not decode: the octets are the sender's. What is not confirmed when the call ends is stored all the same and
reported as such.

**Stored too late.** When the barrier before a confirmation is lifted more than 2 s after the command, the far
end is about to repeat it or is doing so; the confirmation then waits for that repetition (`stored`). With
ECM, RNR says so after 2 s, and again to each RR; the list held back is replaced by it.
"""

from __future__ import annotations

from modem import reception, reception_ecm, reception_plain
from modem.reception_ecm import EcmReception
from modem.reception_plain import PlainReception


class T30Receiver(EcmReception, PlainReception):
    """Receives one document into a `PageSink`."""

    table = reception.TABLE | reception_plain.TABLE | reception_ecm.TABLE
    own_frames = reception.OWN_ANSWERS
