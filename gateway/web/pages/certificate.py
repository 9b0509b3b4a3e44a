"""Our own certificate: what it is, how to get it, how to give us one (email-interface 6.7).

The page and the files show what every signed mail of ours encloses anyway; private keys are not within reach
of this module. Without an identity in `[smime]` there is nothing to download.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from starlette.exceptions import HTTPException
from starlette.responses import Response

from gateway.web.site import site_of
from gateway.web.view import page
from smime.binding import addresses
from smime.certificates import fingerprint

if TYPE_CHECKING:
    from datetime import datetime

    from starlette.requests import Request

TYPES = {
    "pem": "application/x-pem-file",
    "cer": "application/pkix-cert",
    "p7c": "application/pkcs7-mime; smime-type=certs-only",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A certificate as a person compares it: SHA-256 in pairs of hex digits."""

    subject: str
    addresses: tuple[str, ...]
    fingerprint: str
    not_after: datetime


async def about(request: Request) -> Response:
    """Show our certificates and what to do with them."""
    site = site_of(request)
    shown = [shown_of(x509.load_der_x509_certificate(chain[0])) for chain in site.certificates()]
    return page(
        request, "certificate.html", "certificate", certificates=shown[:1], domain=site.domain, zone="UTC"
    )


async def download(request: Request) -> Response:
    """Return our certificate, with its chain where the form can hold one."""
    form = request.path_params["form"]
    chains = site_of(request).certificates()
    if form not in TYPES or not chains:
        raise HTTPException(404)
    chain = [x509.load_der_x509_certificate(one) for one in chains[0]]
    headers = {"content-disposition": f'attachment; filename="postline.{form}"'}
    return Response(written(chain, form), media_type=TYPES[form], headers=headers)


def written(chain: list[x509.Certificate], form: str) -> bytes:
    """Return a chain as PEM, its first certificate as DER (`cer`), or all of it as CMS without content."""
    if form == "pem":
        return b"".join(one.public_bytes(Encoding.PEM) for one in chain)
    if form == "cer":
        return chain[0].public_bytes(Encoding.DER)
    return pkcs7.serialize_certificates(chain, Encoding.DER)


def shown_of(certificate: x509.Certificate) -> Shown:
    """Return what a person compares and reads."""
    mark = fingerprint(certificate).upper()
    return Shown(
        subject=certificate.subject.rfc4514_string(),
        addresses=addresses(certificate),
        fingerprint=":".join(mark[n : n + 2] for n in range(0, len(mark), 2)),
        not_after=certificate.not_valid_after_utc,
    )
