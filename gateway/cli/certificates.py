"""`postline keys certificate`: certificates of people and gateways, given by hand; mail brings them too.

Private keys have no place here: those of this gateway are files that `[smime] identity` names.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.base import EXIT, ConfigOption, JsonOption, actor, say, say_error
from gateway.cli.keys import group as keys
from gateway.cli.users import AccountOption, OnlyOption, transaction

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from gateway.store.certificates import Given
    from gateway.store.models import Certificate

group = typer.Typer(
    help="Certificates: list, add, remove.\n\nExample: postline keys certificate list",
    no_args_is_help=True,
)
keys.add_typer(group, name="certificate")

OperatorOption = Annotated[bool, typer.Option("--operator", help="For all accounts, not for one.")]


@group.command("list")
def list_certificates(
    account: OnlyOption = "", config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """List the certificates of an account, or of all and the operator.

    Example: postline keys certificate list
    """
    from sqlalchemy import select

    from gateway.cli.send import owner_of
    from gateway.store.models import Certificate

    query = select(Certificate).order_by(Certificate.id)
    with transaction(config) as session:
        if account:
            query = query.where(Certificate.account_id == owner_of(session, account).id)
        rows = [row_of(session, one) for one in session.scalars(query)]
    say("\n".join(map(line_of, rows)) or "there are no certificates", rows, as_json=as_json)


@group.command("add")
def add(
    file: Annotated[Path, typer.Argument(help="The certificate: PEM or DER.", exists=True, dir_okay=False)],
    purpose: Annotated[str, typer.Option(help="encrypt, pin, domain, gateway or client.")] = "encrypt",
    address: Annotated[str, typer.Option(help="Whose: a mail address, or *@domain.")] = "",
    account: AccountOption = "",
    operator: OperatorOption = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Keep a certificate; the same again changes nothing.

    Example: postline keys certificate add alice.pem --address alice@acme.example
    """
    from gateway.cli.send import owner_of
    from gateway.store import certificates

    now = datetime.now(UTC)
    given = read(file, purpose, address, now)
    with transaction(config) as session:
        owner = None if operator else owner_of(session, account).id
        row = certificates.add(session, owner, given, source="command", actor=actor(), now=now)
        shown = row_of(session, row)
    say(f"kept {line_of(shown)}", shown, as_json=as_json)


@group.command("remove")
def remove(
    number: Annotated[int, typer.Argument(help="The certificate's number, as `list` shows it.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Drop a certificate; what was encrypted to it before is not touched.

    Example: postline keys certificate remove 3
    """
    from gateway.store import certificates
    from gateway.store.models import Certificate

    with transaction(config) as session:
        row = session.get(Certificate, number)
        if row is not None:
            certificates.remove(session, row, actor=actor(), now=datetime.now(UTC))
    if row is None:
        say_error(f"there is no certificate {number}")
        raise typer.Exit(EXIT.DATA)
    say(f"{number}: removed", {"certificate": number, "removed": True}, as_json=as_json)


def read(file: Path, purpose: str, address: str, now: datetime) -> Given:
    """Return the first certificate of a file, fit for its purpose; raise `BadCertificate`."""
    import smime
    from gateway.store.certificates import BadCertificate, Given
    from smime.certificates import der, fingerprint
    from smime.encryption import can_encrypt_to

    try:
        found = smime.load_certificates(file.read_bytes())
    except smime.BadInputError as error:
        raise BadCertificate(f"{file}: {error.text}") from error
    if not found:
        raise BadCertificate(f"{file}: there is no certificate in this file")
    certificate = found[0]
    if certificate.not_valid_after_utc <= now:
        raise BadCertificate(f"{file}: the certificate ended on {certificate.not_valid_after_utc:%Y-%m-%d}")
    if purpose == "encrypt" and not can_encrypt_to(certificate):
        raise BadCertificate(f"{file}: the certificate is not for encryption")
    return Given(
        purpose, der(certificate), fingerprint(certificate), certificate.not_valid_after_utc, address
    )


def row_of(session: Session, row: Certificate) -> dict[str, Any]:
    """Return what is shown of a certificate."""
    from gateway.store.certificates import owner_name

    return {
        "certificate": row.id,
        "account": owner_name(session, row),
        "purpose": row.purpose,
        "address": row.address,
        "fingerprint": row.fingerprint,
        "source": row.source,
        "until": f"{row.not_after:%Y-%m-%d}",
    }


def line_of(row: dict[str, Any]) -> str:
    """Return one certificate as one line."""
    owner = row["account"] or "(operator)"
    words = (str(row["certificate"]), owner, row["purpose"], row["address"], row["fingerprint"][:16])
    return "  ".join(word for word in (*words, f"until {row['until']}", f"by {row['source']}") if word)
