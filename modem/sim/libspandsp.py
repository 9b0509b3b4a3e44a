"""Declarations of the parts of libspandsp 0.0.6 the simulated line uses, and the loading of the library.

cffi in ABI mode: no compiler, no headers, and every state is allocated by the library itself, so no struct
layout but two public ones (statistics, FSK presets) is written down here. This module declares and loads;
`modem.sim.spandsp` wraps. It refuses to guess: where the library is missing it names the Debian package.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from cffi import FFI

SAMPLE_RATE = 8000
BLOCK = 160
BLOCK_SECONDS = BLOCK / SAMPLE_RATE
SILENCE = bytes(2 * BLOCK)

ffi = FFI()
ffi.cdef("""
typedef struct { const char *name; int freq_zero, freq_one, tx_level, min_level, baud_rate; } fsk_spec_t;
extern const fsk_spec_t preset_fsk_specs[];
typedef int (*at_tx_t)(void *at, void *user, const uint8_t *buf, size_t len);
typedef int (*modem_control_t)(void *t31, void *user, int op, void *num);
typedef int (*phase_t)(void *t30, void *user, int result);
typedef void (*phase_e_t)(void *t30, void *user, int completion);
typedef void (*frame_t)(void *t30, void *user, int incoming, const uint8_t *msg, int len);
typedef void (*hdlc_frame_t)(void *user, const uint8_t *msg, int len, int ok);
typedef void (*put_bit_t)(void *user, int bit);
typedef int (*get_bit_t)(void *user);
typedef void (*message_t)(int level, const char *text);

void span_set_message_handler(message_t handler);

void *t31_init(void *s, at_tx_t at_tx, void *at_user, modem_control_t control, void *control_user,
               void *t38, void *t38_user);
int t31_at_rx(void *s, const char *text, int len);
int t31_rx(void *s, int16_t *amp, int len);
int t31_tx(void *s, int16_t *amp, int len);
void t31_call_event(void *s, int event);
void t31_set_transmit_on_idle(void *s, int on);
int t31_free(void *s);
void at_set_call_info(void *at, const char *id, const char *value);
void at_reset_call_info(void *at);

void *fax_init(void *s, int calling);
int fax_rx(void *s, int16_t *amp, int len);
int fax_tx(void *s, int16_t *amp, int max_len);
int fax_free(void *s);
void fax_set_transmit_on_idle(void *s, int on);
void *fax_get_t30_state(void *s);

int t30_set_tx_ident(void *s, const char *ident);
int t30_set_tx_sub_address(void *s, const char *sub);
int t30_set_tx_password(void *s, const char *password);
const char *t30_get_rx_ident(void *s);
void t30_set_rx_file(void *s, const char *file, int stop_page);
void t30_set_tx_file(void *s, const char *file, int start_page, int stop_page);
int t30_set_ecm_capability(void *s, int on);
int t30_set_supported_modems(void *s, int mask);
int t30_set_supported_compressions(void *s, int mask);
int t30_set_supported_resolutions(void *s, int mask);
int t30_set_supported_image_sizes(void *s, int mask);
int t30_set_rx_encoding(void *s, int encoding);
void t30_set_minimum_scan_line_time(void *s, int ms);
int t30_set_receiver_not_ready(void *s, int count);
void t30_set_phase_b_handler(void *s, phase_t handler, void *user);
void t30_set_phase_d_handler(void *s, phase_t handler, void *user);
void t30_set_phase_e_handler(void *s, phase_e_t handler, void *user);
void t30_set_real_time_frame_handler(void *s, frame_t handler, void *user);
void t30_get_transfer_statistics(void *s, void *statistics);
const char *t30_completion_code_to_str(int code);
const char *t30_frametype(uint8_t code);
void t30_terminate(void *s);

void *fsk_rx_init(void *s, const fsk_spec_t *spec, int sync, put_bit_t put_bit, void *user);
int fsk_rx(void *s, const int16_t *amp, int len);
int fsk_rx_free(void *s);
void *hdlc_rx_init(void *s, int crc32, int report_bad, int framing_ok, hdlc_frame_t handler, void *user);
void hdlc_rx_put_bit(void *s, int bit);
int hdlc_rx_free(void *s);

void *fsk_tx_init(void *s, const fsk_spec_t *spec, get_bit_t get_bit, void *user);
int fsk_tx(void *s, int16_t *amp, int len);
int fsk_tx_free(void *s);
void *hdlc_tx_init(void *s, int crc32, int inter_frame_flags, int progressive, void *underflow, void *user);
int hdlc_tx_flags(void *s, int octets);
int hdlc_tx_frame(void *s, const uint8_t *frame, size_t len);
int hdlc_tx_get_bit(void *s);
int hdlc_tx_free(void *s);

void *awgn_init_dbm0(void *s, int seed, float level);
int16_t awgn(void *s);
int awgn_free(void *s);
""")


class MissingLibraryError(OSError):
    """The simulated line cannot run here; the text says what to install."""


@ffi.callback("message_t")  # type: ignore[untyped-decorator]  # cffi carries no types
def _quiet(_level: int, _text: Any) -> None:
    """Swallow what the library would print on stderr."""


@cache
def load(soname: str = "libspandsp.so.2") -> Any:
    """Return the opened library; raises MissingLibraryError with the package's name where it is not."""
    try:
        library = ffi.dlopen(soname)
    except OSError as error:
        raise MissingLibraryError(
            f"{soname} was not found ({error}): the simulated line needs the Debian package libspandsp2",
        ) from error
    library.span_set_message_handler(_quiet)
    return library
