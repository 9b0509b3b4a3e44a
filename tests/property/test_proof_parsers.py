"""Readers of what strangers write as proof: they give a value or their own refusal, and nothing else."""

from __future__ import annotations

import base64
import ipaddress

from hypothesis import given
from hypothesis import strategies as st

from gateway.mailin.auth import LONGEST, BadCredentials, plain
from gateway.mailin.dkim import is_aligned, signatures, tags_of
from gateway.mailin.prescan import Header
from gateway.mailin.settings import site_of

WORDS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=60)
LABELS = st.lists(st.sampled_from(["acme", "example", "co", "jp", "a"]), min_size=1, max_size=4).map(".".join)


@given(WORDS, WORDS, st.booleans())
def test_a_plain_response_comes_back(login: str, secret: str, twice: bool) -> None:
    said = f"{login if twice else ''}\0{login}\0{secret}".encode()
    if max(len(login.encode()), len(secret.encode())) <= LONGEST:
        assert plain(base64.b64encode(said).decode()) == (login, secret)


@given(st.one_of(st.text(max_size=80), st.binary(max_size=80).map(lambda b: base64.b64encode(b).decode())))
def test_any_other_response_is_refused_or_has_both(response: str) -> None:
    try:
        login, secret = plain(response)
    except BadCredentials:
        return
    assert login
    assert secret


@given(st.binary(max_size=400))
def test_a_signature_is_read_or_left_out(value: bytes) -> None:
    assert all(b"\r" not in name + text for name, text in tags_of(value).items())
    for found in signatures(Header(((b"dkim-signature", value), (b"dkim-signature", b"d=a.b; s=x")), 0)):
        assert found.domain
        assert found.key_name.endswith(f"._domainkey.{found.domain}")


@given(LABELS, LABELS)
def test_only_the_same_domain_or_one_above_speaks_for_it(signer: str, domain: str) -> None:
    above = domain.split(".")
    chain = {".".join(above[n:]) for n in range(len(above))}
    assert is_aligned(signer, domain) == (signer in chain and "." in signer)


@given(st.ip_addresses())
def test_every_peer_is_of_one_site(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    site = site_of(str(address))
    mapped = getattr(address, "ipv4_mapped", None) or address
    assert mapped in ipaddress.ip_network(site)
    assert site_of(site.partition("/")[0]) == site


@given(st.text(max_size=30))
def test_what_is_no_address_is_a_site_of_its_own(text: str) -> None:
    assert site_of(f"mailbox:{text}") == f"mailbox:{text}"
