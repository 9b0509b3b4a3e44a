"""Commands by themselves: help, exit codes, answers for programs, files they leave."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
import typer
from cli_fixtures import ACCOUNT, ROOT, answer, configured, postline
from render_fixtures import pdf_of

from gateway.cli import base, unbuilt
from gateway.store import faxes, migrate
from gateway.store.database import Store
from render.tiff import read_tiff

if TYPE_CHECKING:
    from pathlib import Path


def commands() -> dict[str, Any]:
    """Every command, groups opened: "sim call"."""
    from gateway.cli import main  # noqa: F401  (the package registers nothing until main imports its modules)

    group: Any = typer.main.get_command(base.app)
    found: dict[str, Any] = {}
    for name, command in group.commands.items():
        found[name] = command
        for below, one in getattr(command, "commands", {}).items():
            found[f"{name} {below}"] = one
    return found


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return configured(tmp_path)


@pytest.fixture
def accounts(tmp_path: Path) -> Path:
    file = tmp_path / "accounts.toml"
    file.write_text(ACCOUNT)
    return file


# -- help


def test_every_commands_help_has_an_example_of_that_command() -> None:
    ran = postline("--help")
    assert ran.returncode == 0
    lines = ran.stdout.partition("Commands:")[2].splitlines()
    listed = [line.split()[0] for line in lines if line.startswith("  ") and line[2] != " "]
    assert len(listed) >= 22
    for name in ("demo", "serve", "send", "sim", "gc", "route"):
        assert name in listed
    import gateway.cli.check_config
    import gateway.cli.demo
    import gateway.cli.doctor
    import gateway.cli.lines
    import gateway.cli.migrate
    import gateway.cli.preview
    import gateway.cli.probe_modem
    import gateway.cli.provision
    import gateway.cli.send
    import gateway.cli.serve
    import gateway.cli.sim
    import gateway.cli.status  # noqa: F401

    missing = [
        name
        for name, command in commands().items()
        if f"Example: postline {name.split()[0]}" not in (command.help or "")
    ]
    assert missing == []


def test_help_is_printed_with_the_example(config: Path) -> None:
    ran = postline("send", "--help")
    assert ran.returncode == 0
    assert "Example: postline send +81312345678 order.pdf --wait" in ran.stdout
    assert config.exists()


# -- exit codes


def test_0_a_command_that_did_its_work(config: Path) -> None:
    ran = postline("check-config", "--config", config)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "is in order" in ran.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("no-such-command",),
        ("send",),
        ("status", "not-a-number"),
        ("preview", "README.md", "--out", "x", "--resolution", "4k"),
    ],
)
def test_2_wrong_usage(arguments: tuple[str, ...]) -> None:
    ran = postline(*arguments)
    assert ran.returncode == 2
    assert "Usage:" in ran.stderr


def test_65_a_document_that_cannot_be_drawn(tmp_path: Path) -> None:
    broken = tmp_path / "order.pdf"
    broken.write_bytes(b"%PDF-1.7\nnothing of the kind")
    ran = postline("preview", broken, "--out", tmp_path / "out")
    assert ran.returncode == 65
    assert ran.stderr.startswith("postline: order.pdf: ")
    assert not (tmp_path / "out").exists(), "nothing is left that looks like a success"


def test_65_a_mail_that_asks_for_the_impossible(tmp_path: Path) -> None:
    mail = ROOT / "tests/corpus/mail/smime_inside.eml"
    ran = postline("preview", mail, "--out", tmp_path / "out")
    assert (ran.returncode, "Traceback" in ran.stderr) == (65, False)
    assert ran.stderr.startswith("postline: smime_inside.eml: ")


def test_65_a_fax_nobody_knows(config: Path) -> None:
    assert postline("migrate", "--config", config).returncode == 0
    ran = postline("status", "4711", "--config", config)
    assert (ran.returncode, ran.stderr) == (65, "postline: there is no fax 4711\n")


def test_65_a_number_that_may_not_be_dialled(config: Path, accounts: Path, tmp_path: Path) -> None:
    assert postline("provision", accounts, "--config", config).returncode == 0
    (tmp_path / "a.txt").write_text("text")
    ran = postline("send", "110", tmp_path / "a.txt", "--config", config)
    assert ran.returncode == 65
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("name", sorted(unbuilt.COMMANDS))
def test_69_what_is_not_built_yet_says_so_whatever_follows(name: str) -> None:
    ran = postline(name, "something", "--option", "value")
    assert (ran.returncode, ran.stderr) == (69, f"postline: `{name}` is not built yet.\n")


def test_74_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    document = tmp_path / "a.txt"
    document.write_text("text")
    (tmp_path / "out").write_text("a file where the folder should be")
    ran = postline("preview", document, "--out", tmp_path / "out")
    assert ran.returncode == 74
    assert "Traceback" not in ran.stderr


def test_74_a_provision_file_that_is_not_there(config: Path, tmp_path: Path) -> None:
    ran = postline("provision", tmp_path / "none.toml", "--config", config)
    assert ran.returncode == 74
    assert "none.toml: No such file or directory" in ran.stderr


def test_75_an_exchange_that_does_not_run(tmp_path: Path) -> None:
    config = configured(tmp_path, '\n[[line]]\nname = "sim"\ntype = "simulated"\n')
    ran = postline("sim", "calls", "--config", config)
    assert ran.returncode == 75
    assert "is `postline serve` up?" in ran.stderr


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[server]\ndomain = 1\n", "did you mean 'domains'"),
        ("[server", "postline.toml"),
    ],
)
def test_78_a_configuration_that_cannot_be_used(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "postline.toml"
    file.write_text(text)
    ran = postline("check-config", "--config", file)
    assert ran.returncode == 78
    assert says in ran.stderr


def test_78_a_configuration_that_is_not_there(tmp_path: Path) -> None:
    ran = postline("check-config", "--config", tmp_path / "none.toml")
    assert ran.returncode == 78
    assert "No such file" in ran.stderr


@pytest.mark.parametrize(
    ("role", "says"),
    [("smtp,post", "unknown role 'post'"), ("smtp,lines", "the role lines needs a process of its own")],
)
def test_78_roles_that_cannot_be_run(config: Path, role: str, says: str) -> None:
    ran = postline("serve", "--config", config, "--role", role)
    assert ran.returncode == 78
    assert says in ran.stderr


@pytest.mark.parametrize(
    "text", ["[[acount]]\nname = 'x'\n", "[[account]\n", "caf\xe9 = 1".encode("latin-1")]
)
def test_78_a_provision_file_that_means_nothing_changes_nothing(
    config: Path, tmp_path: Path, text: str | bytes
) -> None:
    file = tmp_path / "accounts.toml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    ran = postline("provision", file, "--config", config)
    assert (ran.returncode, "Traceback" in ran.stderr) == (78, False)
    assert not (tmp_path / "state").exists()


# -- check-config


def test_a_dump_shows_every_value_but_no_secret(tmp_path: Path) -> None:
    config = configured(tmp_path)
    text = config.read_text().replace(
        'sender = "fax@fax.example.org"',
        'sender = "fax@fax.example.org"\nusername = "fax"\npassword = "hunter2"',
    )
    text = text.replace("smtp://127", "smtp://fax:hunter3@127").replace(
        "data =", 'database = "postgresql+psycopg://fax:hunter4@db/fax"\ndata ='
    )
    config.write_text(text)
    for option in ("--dump", "--json"):
        ran = postline("check-config", "--config", config, option)
        assert ran.returncode == 0, ran.stderr
        assert "hunter" not in ran.stdout + ran.stderr
        assert "postgresql+psycopg://fax:***@db/fax" in ran.stdout
    dump = postline("check-config", "--config", config, "--dump").stdout
    assert "mail.password = '***'" in dump
    assert "limits.recipients = 500" in dump


def test_the_environment_shows_in_the_dump(config: Path) -> None:
    ran = postline("check-config", "--config", config, "--dump", POSTLINE__LIMITS__PAGES="7")
    assert "limits.pages = 7" in ran.stdout


def test_the_configuration_named_by_the_environment_is_used(config: Path) -> None:
    ran = postline("check-config", "--json", POSTLINE_CONFIG=str(config))
    assert json.loads(ran.stdout)["file"] == str(config)


# -- database and accounts


def test_migrating_twice_changes_nothing_the_second_time(config: Path) -> None:
    first, second = answer("migrate", "--config", config), answer("migrate", "--config", config)
    assert first["before"] is None
    assert second == {"before": first["after"], "after": first["after"]}


def test_provisioning_twice_changes_nothing_the_second_time(config: Path, accounts: Path) -> None:
    assert answer("provision", accounts, "--config", config) == {"changes": "created: acme"}
    assert answer("provision", accounts, "--config", config) == {"changes": "unchanged: acme"}
    accounts.write_text(ACCOUNT.replace("acme.example", "new.example"))
    assert answer("provision", accounts, "--config", config) == {"changes": "updated: acme"}


def test_only_prune_removes_what_the_file_does_not_name(config: Path, accounts: Path) -> None:
    answer("provision", accounts, "--config", config)
    accounts.write_text(ACCOUNT.replace("acme", "other"))
    assert answer("provision", accounts, "--config", config) == {"changes": "created: other"}
    pruned = answer("provision", accounts, "--prune", "--config", config)
    assert pruned == {"changes": "unchanged: other; removed: acme"}


def test_doctor_names_a_remedy_for_what_is_missing(config: Path) -> None:
    ran = postline("doctor", "--config", config, "--json")
    assert ran.returncode == 78, "no line is configured"
    findings = {finding["subject"]: finding for finding in json.loads(ran.stdout)}
    assert findings["lines"]["level"] == "fail"
    assert all(f["remedy"] for f in findings.values() if f["level"] == "fail")


# -- preview


@pytest.mark.parametrize(("resolution", "dots"), [("standard", 98), ("fine", 196), ("superfine", 391)])
def test_a_mail_is_drawn_at_the_resolution_asked_for(tmp_path: Path, resolution: str, dots: int) -> None:
    mail = ROOT / "tests/corpus/mail/text_and_pdf_b.eml"
    index = answer("preview", mail, "--out", tmp_path, "--resolution", resolution)
    pages = read_tiff((tmp_path / "pages.tif").read_bytes())
    assert [page.y_dpi for page in pages] == [dots] * len(pages)
    assert index["pages"] == len(pages) == 2, "the text, then the document"
    assert index == json.loads((tmp_path / "index.json").read_text())
    assert index["subject"]
    assert "/b" not in index["subject"]


def test_a_pdf_is_drawn_page_by_page(tmp_path: Path) -> None:
    document = tmp_path / "order.pdf"
    document.write_bytes(pdf_of((210, 297), (210, 297), (210, 297)))
    index = answer("preview", document, "--out", tmp_path / "out")
    assert (index["pages"], index["resolution"], index["subject"]) == (3, "fine", "")
    assert len(read_tiff((tmp_path / "out/pages.tif").read_bytes())) == 3


@pytest.mark.parametrize("name", ["letter.txt", "LETTER.TXT"])
def test_a_text_is_drawn(tmp_path: Path, name: str) -> None:
    document = tmp_path / name
    document.write_text("ご注文ありがとうございます。\n", encoding="utf-8")
    assert answer("preview", document, "--out", tmp_path / "out")["pages"] == 1


def test_a_mail_is_known_by_its_ending_in_any_case(tmp_path: Path) -> None:
    shutil.copy(ROOT / "tests/corpus/mail/plain_ascii.eml", tmp_path / "ORDER.EML")
    assert answer("preview", tmp_path / "ORDER.EML", "--out", tmp_path / "out")["subject"] == "Order 5521"


def test_the_page_limit_of_the_configuration_holds_for_a_preview_too(config: Path, tmp_path: Path) -> None:
    document = tmp_path / "order.pdf"
    document.write_bytes(pdf_of((210, 297), (210, 297)))
    ran = postline(
        "preview", document, "--out", tmp_path / "out", "--config", config, POSTLINE__LIMITS__PAGES="1"
    )
    assert ran.returncode == 65
    assert "more than 1 pages" in ran.stderr


# -- send and status, with no gateway running


def test_a_fax_is_queued_while_the_gateway_is_down_and_status_shows_it(
    config: Path, accounts: Path, tmp_path: Path
) -> None:
    answer("provision", accounts, "--config", config)
    (tmp_path / "a.txt").write_text("Please deliver.")
    sent = answer("send", "03-1234-5678", tmp_path / "a.txt", "--subject", "Order /rs", "--config", config)
    assert sent["state"] == "queued"
    row = answer("status", sent["number"], "--config", config)
    assert (row["with"], row["state"], row["direction"]) == ("0081312345678", "created", "out")
    assert [one["number"] for one in answer("status", "--config", config)] == [sent["number"]]


def test_with_several_accounts_the_sender_must_be_named(config: Path, accounts: Path, tmp_path: Path) -> None:
    accounts.write_text(ACCOUNT + ACCOUNT.replace("acme", "other"))
    answer("provision", accounts, "--config", config)
    (tmp_path / "a.txt").write_text("text")
    command = ("send", "0312345678", tmp_path / "a.txt", "--config", config)
    assert "--account" in postline(*command).stderr
    assert postline(*command, "--account", "nobody").returncode == 65
    assert answer(*command, "--account", "other")["number"] > 0


def test_no_fax_yet_is_no_error(config: Path) -> None:
    answer("migrate", "--config", config)
    ran = postline("status", "--config", config)
    assert (ran.returncode, ran.stderr) == (0, "postline: no fax yet\n")
    assert migrate.check(f"sqlite:///{config.parent / 'state' / 'postline.sqlite'}")
    store = Store(f"sqlite:///{config.parent / 'state' / 'postline.sqlite'}")
    assert store.read(faxes.get_delivery, 1) is None
    store.close()
