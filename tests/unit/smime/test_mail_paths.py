"""Paths from a signer to an anchor: what is accepted, what is not, and what time has to do with it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from smime_fixtures import (
    ALICE,
    AT,
    DAY,
    MAIL_USE,
    WEB_USE,
    Authority,
    distinguished,
    ec_key,
    ed_key,
    rsa_key,
    signed_with_sha1,
    usage,
    utf8_mailbox,
)

from smime import Identity
from smime.binding import addresses, permitted
from smime.certificates import der
from smime.paths import Path, current, find, usage_problem
from smime.verdict import Reason, Status

if TYPE_CHECKING:
    from datetime import datetime

DEPTH = 5
SECOND = timedelta(seconds=1)


def path(
    who: Identity, helpers: list[Authority], *anchors: Authority, at: Any = AT, depth: int = DEPTH
) -> Any:
    return find(
        who.certificate,
        [one.certificate for one in helpers],
        [one.certificate for one in anchors],
        at,
        depth,
    )


def ladder(root: Authority, rungs: int, key: Any = None) -> list[Authority]:
    """Return authorities one below the other."""
    made = [root]
    for number in range(rungs):
        made.append(made[-1].authority(f"Rung {number}", key=key(number) if key else None))
    return made[1:]


KINDS = {
    "ec": ec_key,
    "p384": lambda name: ec_key(name, ec.SECP384R1),
    "rsa": lambda name: rsa_key("ca" if name == "root" else "a"),
    "ed25519": ed_key,
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_path_of_two_authorities(kind: str) -> None:
    root = Authority.root("Root", key=KINDS[kind]("root"))
    middle = root.authority("Middle", key=KINDS[kind]("middle"))
    who = middle.person()
    assert path(who, [middle], root).chain == (who.certificate, middle.certificate, root.certificate)
    assert path(who, [], root).chain == ()
    assert path(who, [middle]).chain == ()


@pytest.mark.parametrize("kind", ["ec", "ed25519"])
def test_the_depth_of_a_path_is_bounded(kind: str) -> None:
    keys = {"ec": None, "ed25519": lambda number: ed_key(f"rung {number}")}[kind]
    root = Authority.root("Root", key=KINDS[kind]("root"))
    for rungs, found in ((DEPTH, True), (DEPTH + 1, False)):
        middle = ladder(root, rungs, keys)
        assert bool(path(middle[-1].person(), middle, root).chain) is found


@pytest.mark.parametrize("kind", ["ec", "ed25519"])
def test_authorities_must_be_authorities(kind: str) -> None:
    root = Authority.root("Root", key=KINDS[kind]("root"))
    key = KINDS[kind]("middle")
    plain = root.person(key=key, subject=distinguished("Middle"))
    false = Authority(plain.certificate, key)
    assert path(false.person(), [false], root).chain == ()
    no_signing = root.authority("Middle", key=key, usage_bits=usage("crl_sign"))
    assert path(no_signing.person(), [no_signing], root).chain == ()
    for_web = root.authority("Middle", key=key, use=WEB_USE)
    assert path(for_web.person(), [for_web], root).chain == ()
    for_mail = root.authority("Middle", key=key, use=MAIL_USE)
    assert path(for_mail.person(), [for_mail], root).chain


@pytest.mark.parametrize("kind", ["ec", "ed25519"])
def test_path_lengths_are_kept(kind: str) -> None:
    root = Authority.root("Root", key=KINDS[kind]("root"), length=0)
    assert path(root.person(), [], root).chain
    middle = root.authority("Middle", key=KINDS[kind]("middle"))
    assert path(middle.person(), [middle], root).chain == ()


@pytest.mark.parametrize("kind", ["ec", "ed25519"])
@pytest.mark.parametrize("critical", [True, False])
def test_what_is_critical_and_unknown_refuses_the_path(kind: str, *, critical: bool) -> None:
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    root = Authority.root("Root", key=KINDS[kind]("root"))
    middle = root.authority("Middle", key=KINDS[kind]("middle"), extra=[(unknown, critical)])
    assert bool(path(middle.person(), [middle], root).chain) is not critical
    who = root.person(extra=[(unknown, critical)])
    assert bool(path(who, [], root).chain) is not critical


@pytest.mark.parametrize("kind", ["ec", "ed25519"])
def test_a_forged_authority_of_the_same_name_is_no_anchor(kind: str) -> None:
    root = Authority.root("Root", key=KINDS[kind]("root"))
    forged = Authority.root("Root", key=KINDS[kind]("forged"))
    assert path(forged.person(), [forged], root) == Path((), Status.UNTRUSTED, Reason.NO_PATH)


def test_a_weak_rsa_authority_is_none() -> None:
    root = Authority.root()
    weak = root.authority("Weak", key=rsa_key("w", 1024))
    assert path(weak.person(), [weak], root).chain == ()
    edward = Authority.root("Edward", key=ed_key("ca"))
    below = edward.authority("Weak", key=rsa_key("w", 1024))
    assert path(below.person(), [below], edward).chain == ()


def test_a_crowd_of_authorities_ends_soon() -> None:
    crowd = [Authority.root("Same", key=ed_key("crowd")) for _ in range(20)]
    lonely = Authority.root("Lonely", key=ed_key("lonely"))
    assert path(crowd[0].person(), crowd, lonely).chain == ()


@pytest.mark.parametrize("kind", ["ec", "ed25519"])
def test_the_edges_of_a_certificate_are_inside(kind: str) -> None:
    root = Authority.root("Root", key=KINDS[kind]("root"))
    who = root.person(first=AT, last=AT + DAY)
    assert path(who, [], root, at=AT).chain
    assert path(who, [], root, at=AT + DAY).chain
    assert path(who, [], root, at=AT + DAY + SECOND).status is Status.EXPIRED
    assert path(who, [], root, at=AT - SECOND).status is Status.NOT_YET_VALID


def test_an_expired_authority_expires_the_path() -> None:
    root = Authority.root("Root", last=AT - DAY)
    assert path(root.person(), [], root).status is Status.EXPIRED
    young = Authority.root("Root", first=AT + DAY)
    assert path(young.person(), [], young).status is Status.NOT_YET_VALID


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("first", "last", "status"),
    [
        (AT - 900 * DAY, AT - 400 * DAY, Status.EXPIRED),
        (AT + 400 * DAY, AT + 900 * DAY, Status.NOT_YET_VALID),
    ],
)
def test_an_authority_that_never_lived_with_its_child_is_of_another_time(
    kind: str, first: datetime, last: datetime, status: Status
) -> None:
    old = Authority.root("Root", key=KINDS[kind]("root"), first=first, last=last)
    assert path(old.person(), [], old).status is status
    root = Authority.root("Root", key=KINDS[kind]("root"))
    middle = root.authority("Middle", key=KINDS[kind]("middle"), first=first, last=last)
    assert path(middle.person(), [middle], root).status is status
    stranger = Authority.root("Stranger", key=KINDS[kind]("stranger"))
    assert path(middle.person(), [middle], stranger).status is Status.UNTRUSTED


def test_a_weak_link_between_is_weak_only_on_the_way_to_an_anchor() -> None:
    root = Authority.root("Root", key=rsa_key("ca"))
    middle = root.authority("Middle")
    old = signed_with_sha1(Identity(middle.certificate, middle.key), root)
    link = Authority(old.certificate, middle.key)
    weak = Path((), Status.WEAK, Reason.WEAK_CERTIFICATE)
    assert path(link.person(), [link], root) == weak
    assert path(link.person(), [link], Authority.root("Other")).status is Status.UNTRUSTED
    short = root.authority("Short", key=rsa_key("w", 1024))
    assert path(short.person(), [short], root) == weak


def test_expired_and_untrusted_is_untrusted() -> None:
    stranger = Authority.root("Stranger")
    assert path(stranger.person(last=AT - DAY), [], Authority.root()).status is Status.UNTRUSTED


def test_a_leaf_may_be_an_anchor() -> None:
    who = Authority.root().person()
    assert path(who, [], Authority(who.certificate, who.key)).chain == (who.certificate,)


def test_a_certificate_signed_by_an_algorithm_nobody_knows_has_no_path() -> None:
    root = Authority.root()
    known, unknown = (bytes.fromhex("06082a8648ce3d0403" + last) for last in ("02", "7f"))
    odd = x509.load_der_x509_certificate(der(root.person().certificate).replace(known, unknown))
    assert find(odd, [], [root.certificate], AT, DEPTH) == Path((), Status.UNTRUSTED, Reason.NO_PATH)


def test_current_dates() -> None:
    who = Authority.root().person(first=AT, last=AT + DAY)
    found = [current(who.certificate, at) for at in (AT - SECOND, AT, AT + DAY, AT + DAY + SECOND)]
    assert found == [Status.NOT_YET_VALID, Status.VALID, Status.VALID, Status.EXPIRED]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({}, None),
        ({"usage_bits": usage("digital_signature")}, None),
        ({"usage_bits": usage("content_commitment")}, None),
        ({"usage_bits": usage("key_agreement")}, Reason.KEY_USAGE),
        ({"use": MAIL_USE}, None),
        ({"use": WEB_USE}, Reason.EXTENDED_KEY_USAGE),
        (
            {"use": x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE])},
            None,
        ),
    ],
)
def test_usage(options: dict[str, Any], problem: Reason | None) -> None:
    assert usage_problem(Authority.root().person(**options).certificate) is problem


# -- name constraints


def constrained(*trees: str, excluded: bool = False) -> Authority:
    names = [x509.RFC822Name(tree) for tree in trees]
    value = x509.NameConstraints(None, names) if excluded else x509.NameConstraints(names, None)
    return Authority.root("Bound", extra=[(value, True)])


@pytest.mark.parametrize(
    ("trees", "excluded", "allowed"),
    [
        (["acme.example"], False, True),
        (["other.example"], False, False),
        (["other.example", "acme.example"], False, True),
        ([".example"], False, True),
        ([".acme.example"], False, False),
        ([ALICE], False, True),
        (["bob@acme.example"], False, False),
        (["acme.example"], True, False),
        (["other.example"], True, True),
        ([ALICE], True, False),
    ],
)
def test_name_constraints_bind_every_kind_of_address(
    trees: list[str], *, excluded: bool, allowed: bool
) -> None:
    root = constrained(*trees, excluded=excluded)
    people = [
        root.person(),
        root.person(names=[utf8_mailbox(ALICE)]),
        root.person("", subject=distinguished("Alice", ALICE)),
    ]
    for who in people:
        chain = (who.certificate, root.certificate)
        assert permitted(chain, addresses(who.certificate)) is allowed


def test_constraints_on_other_names_do_not_bind_addresses() -> None:
    dns = x509.NameConstraints([x509.DNSName("acme.example")], None)
    root = Authority.root("Bound", extra=[(dns, True)])
    who = root.person("alice@other.example")
    assert permitted((who.certificate, root.certificate), addresses(who.certificate))


def test_ed25519_authorities_with_constraints_on_other_names_are_refused() -> None:
    dns = x509.NameConstraints([x509.DNSName("acme.example")], None)
    root = Authority.root("Bound", key=ed_key("ca"), extra=[(dns, True)])
    assert path(root.person(), [], root).chain == ()
    mail = x509.NameConstraints([x509.RFC822Name("acme.example")], None)
    root = Authority.root("Bound", key=ed_key("ca"), extra=[(mail, True)])
    assert path(root.person(), [], root).chain
