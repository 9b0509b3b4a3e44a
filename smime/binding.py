"""Whose certificate is it: the mail addresses it names, and whether the sender is one (smime.md section 5).

Addresses come from the subjectAltName (rfc822Name, SmtpUTF8Mailbox of RFC 9598) and from the subject's
emailAddress only when the former names no mail address; never from a common name. Domains are compared in
A-labels without case, local parts without case (a documented choice). Nothing is folded, stripped or
rewritten: no plus, no dots, no look-alikes; a control character anywhere is no match. A-labels are made by
Punycode alone: the IDNA of 2003 in Python's library takes "faß" for "fass" and a full-width letter for the
plain one. Name constraints of the path bind every address we use.
"""

from __future__ import annotations

from email.errors import HeaderParseError
from email.utils import getaddresses
from typing import TYPE_CHECKING
from unicodedata import category, is_normalized

from asn1crypto.core import UTF8String
from cryptography import x509
from cryptography.x509.oid import ExtensionOID, NameOID

from smime import oid
from smime.certificates import extension

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LONGEST_LABEL = 63


def addresses(certificate: x509.Certificate) -> tuple[str, ...]:
    """Return the mail addresses a certificate names, as written there."""
    names = extension(certificate, ExtensionOID.SUBJECT_ALTERNATIVE_NAME)
    found: list[str] = []
    if names and isinstance(names.value, x509.SubjectAlternativeName):
        found = [address for name in names.value if (address := _address(name)) is not None]
    if found:
        return tuple(found)
    subject = certificate.subject.get_attributes_for_oid(NameOID.EMAIL_ADDRESS)
    return tuple(str(attribute.value) for attribute in subject)


def _address(name: x509.GeneralName) -> str | None:
    if isinstance(name, x509.RFC822Name):
        return name.value
    if isinstance(name, x509.OtherName) and name.type_id.dotted_string == oid.SMTP_UTF8_MAILBOX:
        try:
            return str(UTF8String.load(name.value, strict=True).native)
        except (ValueError, TypeError):
            return ""  # a mail name that cannot be read still silences the subject
    return None


def normal(address: str) -> str | None:
    """Return the form in which addresses are compared, or None for what is no address."""
    local, at, domain = address.rpartition("@")
    if not at or not local or any(_control(character) for character in address):
        return None
    if not is_normalized("NFC", local):  # a Kelvin sign in lower case is a k
        return None
    labels = a_label(domain)
    return f"{local.lower()}@{labels}" if labels else None


def _control(character: str) -> bool:
    return character <= " " or category(character) in {"Cc", "Cf"}


def a_label(domain: str) -> str:
    """Return a domain in lower case A-labels (RFC 5890 2.3.2.1), "" for what is none."""
    if domain.isascii():
        return domain.lower().rstrip(".")
    try:
        labels = [_label(label) for label in domain.rstrip(".").split(".")]
    except UnicodeError:
        return ""
    return ".".join(labels) if all(labels) else ""


def _label(label: str) -> str:
    """Return one label; "" where it is too long or not in the form it would be registered in (RFC 5891 5)."""
    if label.isascii():
        return label.lower()
    if not is_normalized("NFKC", label) or not label.isprintable():
        return ""
    encoded = "xn--" + label.lower().encode("punycode").decode("ascii")
    return encoded if len(encoded) <= LONGEST_LABEL else ""


def same(one: str, other: str) -> bool:
    """Return whether two addresses are the same mailbox."""
    normalised = normal(one)
    return normalised is not None and normalised == normal(other)


def domain_of(address: str) -> str:
    """Return the domain of an address in A-labels, "" for what is no address."""
    return (normal(address) or "").rpartition("@")[2]


def listed(address: str, patterns: Iterable[str]) -> bool:
    """Return whether an address, or `*@` its domain, is in a list."""
    return any(
        domain_of(address) == a_label(pattern[2:]) != ""
        if pattern.startswith("*@")
        else same(address, pattern)
        for pattern in patterns
    )


def authors(values: Sequence[str]) -> list[str]:
    """Return the addresses of From values; what cannot be read gives "" so that it matches nobody."""
    try:
        return [address for _, address in getaddresses(list(values))]
    except (HeaderParseError, ValueError, IndexError, RecursionError):  # the last: comments in comments
        return [""]


def permitted(chain: Sequence[x509.Certificate], found: Iterable[str]) -> bool:
    """Return whether the name constraints of every authority in `chain` (leaf first) allow these addresses.

    cryptography checks rfc822Name only; an address in the subject or an SmtpUTF8Mailbox is bound too
    (RFC 5280 4.2.1.10, RFC 9598 6).
    """
    wanted = [normalised for address in found if (normalised := normal(address))]
    return all(_allows(authority, wanted) for authority in chain[1:])


def _allows(authority: x509.Certificate, wanted: list[str]) -> bool:
    constraints = extension(authority, ExtensionOID.NAME_CONSTRAINTS)
    if constraints is None or not isinstance(constraints.value, x509.NameConstraints):
        return True
    allowed = _mail(constraints.value.permitted_subtrees)
    refused = _mail(constraints.value.excluded_subtrees)
    return all(
        (not allowed or any(_within(address, tree) for tree in allowed))
        and not any(_within(address, tree) for tree in refused)
        for address in wanted
    )


def _mail(trees: Iterable[x509.GeneralName] | None) -> list[str]:
    return [tree.value.lower() for tree in trees or () if isinstance(tree, x509.RFC822Name)]


def _within(address: str, tree: str) -> bool:
    domain = address.rpartition("@")[2]
    if "@" in tree:
        return same(address, tree)
    return domain.endswith(tree) if tree.startswith(".") else domain == a_label(tree)
