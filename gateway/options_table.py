"""The `[options]` table of the configuration, checked: other names for the modifiers of a subject.

    [options]
    aliases = { "/retry" = "/retries" }

The original's spellings of some modifiers are not known; an operator whose users know them adds them here. An
alias for what is no modifier, or one that hides another modifier, is refused.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, field_validator

from gateway.domain.errors import BadConfig
from gateway.domain.modifiers import with_aliases


class Options(BaseModel):
    """How submissions may spell their options."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    aliases: dict[str, str] = {}

    @field_validator("aliases")
    @classmethod
    def _aliases_mean_something(cls, aliases: dict[str, str]) -> dict[str, str]:
        try:
            with_aliases(aliases)
        except BadConfig as error:
            raise ValueError(error.text) from error
        return {alias.lower(): name.lower() for alias, name in aliases.items()}
