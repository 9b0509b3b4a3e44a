from __future__ import annotations

import pytest

from modem.profiles import BadProfileError, matching, named, names, override


@pytest.mark.parametrize(
    ("answers", "name"),
    [
        ("www.soft-switch.org spandsp 0.0.6", "softmodem"),
        ("spandsp IAXmodem", "iaxmodem"),
        ("T38FAX t38modem 1.2", "softmodem"),
        ("CX93001-EIS_V0.2013-V92", "conexant"),
        ("ROCKWELL RC144DPL", "rockwell"),
        ("LSI Corp. 1646", "lucent"),
        ("LT V.92 Data+Fax Modem Version 6.00", "lucent"),
        ("LT V.92 1.0 MT5634ZBA-V92 Data+Fax", "multitech"),
        ("ZyXEL U1496E V 6.13", "zyxel"),
        ("SIERRA SQ3465", "sierra"),
        ("U.S. Robotics 56K FAX USB V1.2.23", "usrobotics"),
        ("MultiTech MT9234ZBA", "multitech"),
        ("nobody has heard of this one", "generic"),
        ("", "generic"),
    ],
)
def test_a_modem_is_known_by_what_it_says_of_itself(answers: str, name: str) -> None:
    assert matching(answers).name == name


def test_families_keep_what_they_do_not_change() -> None:
    generic, lucent = named("generic"), named("lucent")
    assert lucent.ftm_connect_delay_ms == 400
    assert lucent.trust_own_fcs
    assert lucent.init == generic.init
    assert not generic.trust_own_fcs


def test_only_modems_that_need_it_pause_before_data() -> None:
    assert named("generic").ftm_connect_delay_ms == 0
    assert named("softmodem").ftm_connect_delay_ms == 0


def test_the_short_preparation_never_resets_a_ringing_modem() -> None:
    for name in names():
        profile = named(name)
        required, optional = profile.before_answer
        assert profile.reset not in (*required, *optional)
        assert profile.before_call[0][0] == profile.reset


def test_every_family_gets_its_flow_control_after_the_service_class_which_may_undo_it() -> None:
    for name in names():
        profile = named(name)
        for required, optional in (profile.before_call, profile.before_answer):
            assert f"AT+FCLASS={profile.service_class}" in required
            assert profile.flow_command in (*optional, ""), name


def test_the_commands_follow_class_and_flow_control() -> None:
    profile = named("conexant", {"service_class": "1", "flow": "xonxoff"})
    required, optional = profile.before_call
    assert required[-1] == "AT+FCLASS=1"
    assert optional[-1] == "AT&K4"
    assert named("generic").before_call[1] == ("ATM0", "ATS7=60", "AT+FAR=1"), "nothing stands for no command"


def test_caller_id_is_switched_on_between_calls_only() -> None:
    for name, command in (("generic", "AT+VCID=1"), ("usrobotics", "AT#CID=1"), ("zyxel", "ATS40.2=1")):
        profile = named(name)
        assert profile.between_calls[1][-1] == command
        assert command not in profile.before_call[1]


def test_a_line_may_override_any_key() -> None:
    profile = named("usrobotics", {"fcs_octets": 0, "init": ["AT+FCLASS=1.0"]})
    assert (profile.fcs_octets, profile.init, profile.silence_by_delay) == (0, ("AT+FCLASS=1.0",), True)


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"fcs_octet": 0}, "fcs_octets"),
        ({"name": "x"}, "unknown profile key 'name'"),
        ({"baud": "fast"}, "wants int"),
        ({"silence_by_delay": 1}, "wants bool"),
        ({"init": "ATZ"}, "wants tuple"),
        ({"init": [1]}, "wants tuple"),
        ({"bauds": 9600}, "did you mean 'baud'"),
        ({"flow": "hardware"}, "one of rtscts, xonxoff, none"),
        ({"service_class": "2.0"}, "one of 1, 1.0"),
        ({"tested": "on my desk"}, "unknown profile key"),
        ({"software": True}, "unknown profile key"),
        ({"baud": 0}, "lies between 300 and"),
        ({"baud": 10**12}, "lies between 300 and"),
        ({"settle_ms": -1}, "lies between 0 and"),
        ({"frs_limit_ms": 0}, "lies between 100 and"),
        ({"fcs_octets": 4}, "one of 0, 2"),
        ({"dial": ""}, "begins with ATD"),
        ({"dial": "AT\N{CYRILLIC CAPITAL LETTER DE}T"}, "begins with ATD"),
        ({"dial": "ATDT0,\r"}, "begins with ATD"),
        ({"init": ["ATE0", "ATX3\rATD110"]}, "plain letters"),
        ({"reset": "RESET"}, "plain letters"),
        ({"flow_none": "AT&K\N{FULLWIDTH DIGIT ZERO}"}, "plain letters"),
        ({"carriers": ["V.17"]}, "codes of"),
    ],
)
def test_wrong_overrides_are_refused_by_name(keys: dict[str, object], says: str) -> None:
    with pytest.raises(BadProfileError, match=says):
        override(named("generic"), keys)


def test_a_reset_that_is_left_empty_is_not_sent() -> None:
    assert named("generic", {"reset": ""}).before_call[0][0] == "ATE0V1Q0"


def test_an_unknown_family_is_refused_with_the_known_ones() -> None:
    with pytest.raises(BadProfileError, match="softmodem"):
        named("xyz")
    with pytest.raises(BadProfileError, match="did you mean 'conexant'"):
        named("conexent")


def test_a_modem_without_v17_is_never_asked_for_it() -> None:
    profile = named("generic", {"carriers": ["24", "48", "72", "96"]})
    assert [rate.name for rate in profile.rates] == ["V29_9600", "V29_7200", "V27_4800", "V27_2400"]


def test_v17_needs_long_and_short_training() -> None:
    profile = named("generic", {"carriers": ["24", "145", "121", "122"]})
    assert [rate.name for rate in profile.rates] == ["V17_12000", "V27_2400"]


def test_a_modem_that_says_nothing_of_carriers_may_use_all() -> None:
    assert len(named("generic").rates) == 8
