"""From a template to an answer: language, form token and where live updates start are the same everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Concatenate, Final, ParamSpec, TypeVar

from sqlalchemy import select
from starlette.responses import HTMLResponse

from gateway.language import N_, environment
from gateway.store import events
from gateway.store.models import Account
from gateway.web import forms
from gateway.web.languages import NAMES, chosen, tag_of
from gateway.web.show import Show
from gateway.web.site import site_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session
    from starlette.requests import Request

P = ParamSpec("P")
R = TypeVar("R")

ERRORS: Final = {
    400: N_("The request could not be understood."),
    403: N_("This form is too old or did not come from here. Go back, load the page again and repeat."),
    404: N_("There is nothing here. It may be the number of a fax that does not exist."),
    405: N_("This page cannot be used like that."),
    503: N_("The service cannot do this at the moment. Try again in a minute."),
}
FAULT: Final = N_("The service had a fault of its own. The operator's log says more.")


@dataclass(frozen=True, slots=True)
class View:
    """What the frame of every page needs. `here` is path and query; `after` the last event it includes."""

    language: str
    tag: str
    languages: dict[str, str]
    here: str
    section: str
    token: str
    demo: bool
    after: int
    number: int


async def look(
    request: Request, function: Callable[Concatenate[Session, P], R], /, *args: P.args, **kwargs: P.kwargs
) -> R:
    """Return `function(session, ...)`, and remember the last event it could see for live updates."""

    def both(session: Session) -> tuple[int, R]:
        return events.last_id(session), function(session, *args, **kwargs)

    request.state.after, found = await site_of(request).store.read(both)
    return found


def page(
    request: Request, template: str, section: str, *, status: int = 200, number: int = 0, **values: Any
) -> HTMLResponse:
    """Return a page; `section` marks the navigation, `number` limits live updates to one fax."""
    language = chosen(request)
    query = request.url.query
    view = View(
        language=language,
        tag=tag_of(language),
        languages=NAMES,
        here=request.url.path + (f"?{query}" if query else ""),
        section=section,
        token=forms.token_of(request),
        demo=site_of(request).demo is not None,
        after=getattr(request.state, "after", 0),
        number=number,
    )
    drawn = environment(language).get_template(f"web/{template}")
    answer = HTMLResponse(drawn.render(view=view, show=Show(language), **values), status)
    answer.headers["content-language"] = view.tag
    answer.headers["vary"] = "Accept-Language, Cookie"
    forms.keep(request, answer)
    return answer


def error(request: Request, status: int) -> HTMLResponse:
    """Return a page that says in a sentence what went wrong."""
    return page(request, "error.html", "", status=status, code=status, sentence=ERRORS.get(status, FAULT))


def zones(session: Session) -> dict[int | None, str]:
    """Return the time zone of each account; None, the operator's, is UTC."""
    found: dict[int | None, str] = {None: "UTC"}
    found.update((row.id, row.timezone) for row in session.execute(select(Account.id, Account.timezone)))
    return found
