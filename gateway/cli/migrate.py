"""`postline migrate`: bring the database to this release's schema."""

from __future__ import annotations

from gateway.cli.base import ConfigOption, JsonOption, app, say
from gateway.config import load


@app.command("migrate")
def migrate(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Create or upgrade the database. Safe to repeat; never goes backwards.

    Example: postline migrate --config /etc/postline/postline.toml
    """
    from gateway.store import migrate as schema

    settings = load(config)
    settings.server.data.mkdir(parents=True, exist_ok=True)
    url = settings.server.database_url
    before = schema.current(url)
    schema.upgrade(url)
    after = schema.current(url)
    text = (
        f"The database is at {after}." if before == after else f"The database went from {before} to {after}."
    )
    say(text, {"before": before, "after": after}, as_json=as_json)
