"""What a provisioning file may say, and in which words it is told that something cannot be meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.domain.dialling import Rules
from gateway.domain.errors import BadConfig
from gateway.store.provisioning import read_accounts
from gateway.store.provisioning.preferences import OF_ACCOUNT, SHARED
from gateway.store.provisioning.tables import ACCOUNT_KEYS

EVERY_PREFERENCE: dict[str, Any] = {
    "notify": {
        "when": "failure",
        "format": "xml",
        "language": "ru",
        "attach_image": True,
        "default_address": "fax@acme.example",
        "only_default": True,
        "legacy_iso2022jp": True,
        "report": True,
        "contents": False,
        "sign": True,
        "encrypt": "try",
        "batch": False,
        "dsn": "besides",
        "mdn": True,
    },
    "header": "{From} P.{Page}",
    "defaults": {"resolution": "standard", "body": "with", "dials": 2},
    "csid": "+81 3 4477 2288",
    "contact": "Orders",
    "conventions": ["rfc3191", "gfi"],
    "subject_errors": "ignore",
    "unsupported_files": "ignore",
    "attachment_order": "name",
    "default_charset": "cp932",
    "trunk_zero": True,
    "networks": ["192.0.2.0/24", "2001:db8::/32"],
    "password_required": True,
    "require_protected_headers": True,
    "signed_mail_limit": True,
    "smime": {"allow_weak": True, "allow_no_attributes": False, "revocation": "soft"},
    "axatel": {"mask": "user{mask}@fqdn.example", "address": "fax@fax.example.org"},
}


def settings(**table: Any) -> dict[str, Any]:
    (spec,) = read_accounts([{"name": "acme", **table}])
    found: dict[str, Any] = spec.columns["settings"]
    return found


def user(**table: Any) -> dict[str, Any]:
    (spec,) = read_accounts([{"name": "acme", "user": [{"login": "alice", **table}]}])
    return dict(spec.users[0].settings)


def test_this_test_names_every_preference() -> None:
    assert set(EVERY_PREFERENCE) == set(SHARED)


def test_every_preference_is_kept_as_written() -> None:
    assert settings(**EVERY_PREFERENCE) == {**EVERY_PREFERENCE, "retries": {}}


def test_a_user_may_prefer_whatever_is_not_the_accounts_alone() -> None:
    assert user(**EVERY_PREFERENCE) == EVERY_PREFERENCE
    assert user() == {}
    for key in OF_ACCOUNT:
        with pytest.raises(BadConfig, match=f"user: '{key}' is not a key here"):
            user(**{key: True})


def test_a_user_who_says_one_thing_about_notification_says_nothing_about_the_rest() -> None:
    assert user(notify={"language": "ja"}) == {"notify": {"language": "ja"}}


def test_a_user_has_a_name_addresses_and_a_usual_role() -> None:
    table = {"login": "alice", "name": "Alice 山田", "addresses": ["Alice@acme.example", "al+*@acme.example"]}
    (spec,) = read_accounts([{"name": "acme", "user": [table]}])
    (alice,) = spec.users
    assert alice.addresses == ("alice@acme.example", "al+*@acme.example")
    assert alice.settings == {"name": "Alice 山田", "addresses": ["alice@acme.example", "al+*@acme.example"]}
    assert alice.roles == ("sender",)


def test_an_address_of_a_number_may_get_something_else_than_the_others() -> None:
    forward = ["a@x.example", {"address": "b@x.example", "format": "tiff", "encrypt": "required"}]
    (spec,) = read_accounts([{"name": "acme", "number": [{"match": {"line": "usb0"}, "forward": forward}]}])
    (route,) = spec.routes
    assert route.forward == ("a@x.example", "b@x.example")
    assert route.settings == {"b@x.example": {"format": "tiff", "encrypt": "required"}}


def number(**table: Any) -> dict[str, Any]:
    return {"number": [{"match": {"line": "a"}, "forward": ["a@b.example"], **table}]}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"nmae": "x"}, r"account acme: 'nmae' is not a key here; the nearest is 'name'"),
        ({"notify": {"wen": "always"}}, r"'wen'.*nearest is 'when'"),
        ({"notify": {"when": "sometimes"}}, r"when is one of always, success, failure, never"),
        ({"notify": {"format": "doc"}}, r"format is one of"),
        ({"notify": {"dsn": True}}, r"notify.dsn is one of instead, besides, never, not True"),
        ({"notify": {"default_address": "*@acme.example"}}, r"default_address: .* is not a mail address"),
        ({"notify": "always"}, r"is not a table"),
        ({"retries": {"dials": 7}}, r"retries.dials is a number from 1 to 6, not 7"),
        ({"retries": {"dials": True}}, r"from 1 to 6, not True"),
        ({"retries": {"interval_minutes": 0}}, r"from 1 to 30"),
        ({"retries": {"dial": 3}}, r"nearest is 'dials'"),
        ({"international": "yes"}, r"account acme: international is true or false"),
        ({"calling_window": "8 to 5"}, r"calling_window: '8 to 5' is no window"),
        ({"calling_windows": "08:00-20:00"}, r"nearest is 'calling_window'"),
        ({"caps": {"calls_per_minute": 3}}, r"caps: 'calls_per_minute'.*nearest is 'calls_per_"),
        ({"caps": {"calls_per_hour": -1}}, r"caps.calls_per_hour is a number from 0 on, not -1"),
        ({"caps": {"calls_per_hour": True}}, r"a number from 0 on"),
        ({"approval": {"page": 3}}, r"nearest is 'pages'"),
        ({"approval": 3}, r"is not a table"),
        ({"lines": "a b"}, r"`group` of some lines"),
        ({"header": "two\nlines"}, r"header: this takes one line"),
        ({"defaults": {"resolution": "superb"}}, r"defaults: resolution: 'superb' is not one of"),
        ({"defaults": {"colour": "red"}}, r"There is no option 'colour'"),
        ({"defaults": {"defer": "09:00"}}, r"'defer' cannot hold for every fax"),
        ({"defaults": {"password": "x"}}, r"'password' cannot hold for every fax"),
        ({"csid": "x" * 21}, r"csid is one line of at most 20"),
        ({"contact": "a\nb"}, r"contact is one line"),
        ({"conventions": "gfi"}, r"conventions is a list"),
        ({"conventions": ["gif"]}, r"conventions is one of rfc3191, hylafax, gfi"),
        ({"default_charset": "rot13"}, r"'rot13' is no character set"),
        ({"default_charset": "shift-jisx"}, r"is no character set"),
        ({"networks": ["192.0.2.1/24"]}, r"networks: 192.0.2.1/24 has host bits set"),
        ({"networks": "192.0.2.0/24"}, r"networks is a list"),
        ({"smime": {"revocation": "maybe"}}, r"smime.revocation is one of auto, off, soft, hard"),
        ({"axatel": {"mask": "user"}}, r"axatel.mask 'user' is not a mail address or a pattern"),
        ({"axatel": {"address": "fax@fax.example.org"}}, r"axatel needs a mask"),
        (
            {"axatel": {"mask": "u*@a.example", "address": "fax*@b.example"}},
            r"axatel.address: 'fax\*@b.example'",
        ),
        ({"axatel": {"mask": "u*@a.example", "address": "Abuse@b.example"}}, r"has a meaning already"),
        ({"country": "999"}, r"country '999'"),
        ({"timezone": "Asia/Tokio"}, r"nearest is 'Asia/Tokyo'"),
        ({"smime_policy": "on"}, r"off, verify, required, required\+encrypted"),
        ({"sender_evidence": "spf"}, r"default, envelope, verified, smime"),
        ({"uncertain": "maybe"}, r"resend_from_page, ask, never"),
        ({"include_body": "yes"}, r"true or false"),
        ({"senders": "alice@acme.example"}, r"senders is a list"),
        ({"senders": ["alice"]}, r"'alice' is not a mail address"),
        ({"user": [{"password": "x"}]}, r"needs a login"),
        ({"user": [{"login": "a", "pasword": "x"}]}, r"nearest is 'password'"),
        ({"user": [{"login": "a", "password": 5}]}, r"password is a text"),
        ({"user": [{"login": "a", "password_file": "/no/such"}]}, r"No such file"),
        ({"user": [{"login": "a", "password": "x", "password_file": "y"}]}, r"not both"),
        ({"user": [{"login": "a", "roles": ["root"]}]}, r"user a: roles is one of owner, admin, sender"),
        ({"user": [{"login": "a"}, {"login": "a"}]}, r"login a stands twice"),
        (
            {"user": [{"login": n, "addresses": ["x@acme.example"]} for n in "ab"]},
            r"address x@acme.example stands twice",
        ),
        ({"number": [{"forward": ["a@b.example"]}]}, r"called, line or sub"),
        (number(forward=[]), r"1 to 25 addresses"),
        (number(forward=[f"a{n}@b.example" for n in range(26)]), r"1 to 25 addresses"),
        (number(forward=["*@b.example"]), r"not a mail address"),
        (number(forward=[{"format": "pdf"}]), r"needs an address"),
        (number(forward=[{"address": "a@b.example", "encrypt": True}]), r"never, try, required"),
        (number(match={"called": "abc"}), r"called 'abc'"),
        (number(format="doc"), r"pdf, tiff"),
        ({"token": [{"face": "telex", "value": "x"}]}, r"face is one of"),
        ({"token": [{"face": "api"}]}, r"needs a value"),
        ({"name": ""}, r"needs a name"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_words(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadConfig, match=sentence):
        read_accounts([{"name": "acme", **change}])


def test_twenty_five_addresses_are_taken() -> None:
    (spec,) = read_accounts([{"name": "acme", **number(forward=[f"a{n}@b.example" for n in range(25)])}])
    assert len(spec.routes[0].forward) == 25


def test_an_account_twice_in_the_file_is_refused() -> None:
    with pytest.raises(BadConfig, match="twice"):
        read_accounts([{"name": "a"}, {"name": "a"}])


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({"name": "all"}, "list all: give file or numbers"),
        ({"name": "all", "file": "/no/such"}, "No such file"),
        ({"name": "112", "numbers": ["+81363684300"]}, "'112' cannot name a list"),
        ({"name": "all", "numbers": []}, "1 to 20000 numbers, not 0"),
        ({"name": "all", "numbers": ["0363684300", "0990-123456"]}, "list all: line 2: "),
        ({"name": "all", "numbers": ["+12025550123"]}, "line 1: .* is abroad"),
        ({"name": "all", "nubers": []}, "nearest is 'numbers'"),
    ],
)
def test_a_list_that_could_not_be_sent_is_refused_with_its_lines(
    table: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(BadConfig, match=sentence):
        read_accounts([{"name": "acme", "country": "81", "list": [table]}])


def test_a_list_is_read_by_the_rules_of_the_site_and_the_rights_of_the_account() -> None:
    table = {"name": "acme", "country": "81", "list": [{"name": "all", "numbers": ["+12025550123"]}]}
    (spec,) = read_accounts([{**table, "international": True}])
    assert [entry.destination for entry in spec.lists["all"]] == ["0012025550123"]
    with pytest.raises(BadConfig, match="on the list of numbers that are not called"):
        read_accounts([{**table, "international": True}], Rules(deny=("001202",)))


def test_a_list_twice_in_the_file_is_refused() -> None:
    table = {"name": "all", "numbers": ["+81363684300"]}
    with pytest.raises(BadConfig, match="list ALL stands twice"):
        read_accounts([{"name": "acme", "list": [table, {**table, "name": "ALL"}], "country": "81"}])


def test_every_key_of_an_account_stands_in_the_operators_guide() -> None:
    guide = (Path(__file__).parents[3] / "docs" / "operating.md").read_text(encoding="utf-8")
    parts = {"name", "timezone", "user", "number", "token", "list", "certificate"}
    assert [key for key in ACCOUNT_KEYS if key not in parts and f"`{key}`" not in guide] == []
    assert [part for part in parts - {"name"} if part not in guide] == []
