"""Which address shows what; nothing else. Each of them asks who is calling."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from customerp_trello.review import actions, downloads, files, lists, overview, pair, record, run, search
from customerp_trello.review.access import caller, may_act, may_read
from customerp_trello.review.forgery import from_our_page

_ANYBODY = [Depends(caller)]
_READ = [Depends(may_read)]
_ACT = [Depends(may_act), Depends(from_our_page)]

router = APIRouter(dependencies=_ANYBODY, include_in_schema=True)

router.get("/")(overview.show)
router.get("/search")(search.ask)
router.post("/search", dependencies=[Depends(from_our_page)])(search.find)
router.get("/static/{name}")(files.static)

_pair = APIRouter(prefix="/pair/{pair}", dependencies=_READ)
_pair.get("")(pair.show)
_pair.get("/mapping")(pair.mapping)
_pair.get("/runs")(lists.runs)
_pair.get("/conflicts")(lists.conflicts)
_pair.get("/open/{kind}")(lists.open_work)
_pair.get("/not-writable")(lists.not_writable)
_pair.get("/suspended")(lists.suspended)
_pair.get("/apart")(lists.apart)
_pair.get("/record/{link}")(record.show)
_pair.get("/unlinked/{work}")(record.unlinked)
_pair.get("/run/{run}")(run.show)
_pair.get("/run/{run}/plan")(run.plan)
_pair.get("/run/{run}/changes.csv")(downloads.changes)
_pair.get("/run/{run}/plan.csv")(downloads.plan)
router.include_router(_pair)

_acts = APIRouter(prefix="/pair/{pair}", dependencies=_ACT)
_acts.post("/start")(actions.start)
_acts.post("/conflicts")(actions.answer)
_acts.post("/retry")(actions.retry)
_acts.post("/apart")(actions.rejoin)
_acts.post("/record/{link}/unlink")(actions.unlink)
_acts.post("/link/check")(actions.check_link)
_acts.post("/link")(actions.link)
router.include_router(_acts)
