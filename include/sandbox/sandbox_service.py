"""What both servers have in common: routes, counting, faults, controls; what they say is theirs."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

from sandbox_clock import SandboxClock
from sandbox_courier import Courier
from sandbox_database import SandboxDatabase
from sandbox_faults import DISTURBANCES, Fault, FaultBook, bend, profiles
from sandbox_messages import Answer, Incoming, json_answer
from sandbox_wire import break_off, reset_connection
from starlette.applications import Starlette
from starlette.routing import Route

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
Handler = Callable[[Incoming], Answer]


class SandboxService:
    """Base of both servers. Requests are handled one after the other, so every handler sees a consistent database."""

    def __init__(self, database: SandboxDatabase) -> None:
        self.database = database
        self.clock = SandboxClock()
        self.faults = FaultBook()
        self.courier = Courier(())
        self.requests: Counter[str] = Counter()
        self.statuses: Counter[str] = Counter()
        self.writes_taken = 0
        self.controls: dict[tuple[str, str], Callable[[dict[str, Any]], Any]] = {
            ("GET", "/sandbox/requests"): self._show_requests,
            ("DELETE", "/sandbox/requests"): self._forget_requests,
            ("POST", "/sandbox/clock"): self._set_clock,
            ("GET", "/sandbox/faults"): self._show_faults,
            ("POST", "/sandbox/faults"): self._order_fault,
            ("DELETE", "/sandbox/faults"): self._clear_faults,
            ("POST", "/sandbox/reset"): self._reset,
        }

    # -- what a server defines -------------------------------------------------------------------------------------

    def routes(self) -> list[tuple[str, str, Handler]]:
        """Method, path template and handler of every route."""
        raise NotImplementedError

    def respond(self, incoming: Incoming, handler: Handler) -> Answer:
        """Check the request, run the handler, put refusals into words."""
        raise NotImplementedError

    def failure(self, status: int, incoming: Incoming) -> Answer:
        """A refusal of the request with this status, in the server's own form."""
        raise NotImplementedError

    def no_route(self, incoming: Incoming, allowed: list[str]) -> Answer:
        """The answer to a path (or to a method, if ``allowed`` has others) that does not exist."""
        raise NotImplementedError

    def disturb(self, incoming: Incoming, kind: str) -> None:
        """Let somebody else edit or switch off a record of the kind that is asked for."""

    def start_empty(self) -> None:
        """Write what a server has before anybody used it (accounts, sequences)."""

    # -- from ASGI to a handler and back ---------------------------------------------------------------------------

    def build(self) -> Starlette:
        """The ASGI application."""
        table = self.routes()
        routes = [Route(path, _Endpoint(self, path, handler), methods=[method]) for method, path, handler in table]
        routes += [
            Route(path, _Control(self, control), methods=[method]) for (method, path), control in self.controls.items()
        ]
        paths: dict[str, list[str]] = {}
        for method, path, _ in table:
            paths.setdefault(path, []).append(method)
        for path, methods in paths.items():
            routes.append(Route(path, _Endpoint(self, path, None, methods), methods=METHODS))
        routes.append(Route("/{rest:path}", _Endpoint(self, "(no route)", None), methods=METHODS))

        @asynccontextmanager
        async def lifespan(_: Starlette) -> Any:
            yield
            self.courier.stop()
            self.database.close()

        app = Starlette(routes=routes, lifespan=lifespan)
        app.router.redirect_slashes = False
        app.state.service = self
        return app

    def count(self, incoming: Incoming, status: int) -> None:
        """Remember the request for GET /sandbox/requests; status 0 stands for a broken connection."""
        self.requests[f"{incoming.method} {incoming.template}"] += 1
        self.statuses[str(status)] += 1
        # a broken connection counts: the server may have done what it was asked
        self.writes_taken += incoming.method != "GET" and status < 300

    # -- the controls: outside the imitated API, for tests and the demo ---------------------------------------------

    def _show_requests(self, _: dict[str, Any]) -> dict[str, Any]:
        return {
            "total": self.requests.total(),
            "refused_429": self.statuses["429"],
            "writes_taken": self.writes_taken,
            "requests": dict(sorted(self.requests.items())),
            "statuses": dict(sorted(self.statuses.items())),
        }

    def _forget_requests(self, _: dict[str, Any]) -> dict[str, Any]:
        self.requests.clear()
        self.statuses.clear()
        self.writes_taken = 0
        return {}

    def _set_clock(self, wish: dict[str, Any]) -> dict[str, Any]:
        self.clock.shift(float(wish["offset_seconds"]))
        return {"now": self.clock.now().isoformat()}

    def _order_fault(self, wish: dict[str, Any]) -> Any:
        if "profile" in wish:
            return [vars(fault) for fault in self.faults.follow(str(wish["profile"]))]
        disturbs = str(wish.get("kind", "")) in DISTURBANCES
        if disturbs and type(self).disturb is SandboxService.disturb:
            raise ValueError(f"this server knows nobody who could {wish['kind']} a record meanwhile")
        return vars(self.faults.order(wish))

    def _show_faults(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"faults": [vars(fault) for fault in self.faults.faults], "profiles": sorted(profiles())}

    def _clear_faults(self, _: dict[str, Any]) -> dict[str, Any]:
        left = len(self.faults.faults)
        self.faults.faults.clear()
        return {"not_used": left}

    def _reset(self, _: dict[str, Any]) -> dict[str, Any]:
        """Forget everything, as if the server had just started on a new database."""
        self.database.wipe()
        self.courier.forget()
        self._clear_faults({})
        self._forget_requests({})
        self.clock.shift(0)
        self.start_empty()
        return {}


class _Endpoint:
    """One route: reads the request, lets a fault strike, answers."""

    def __init__(
        self, service: SandboxService, template: str, handler: Handler | None, allowed: list[str] | None = None
    ) -> None:
        self.service, self.template, self.handler, self.allowed = service, template, handler, allowed or []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        incoming = await _read(scope, receive, self.template)
        for disturbance in self.service.faults.disturbances(incoming):
            self.service.disturb(incoming, disturbance.kind)
        fault = self.service.faults.take(incoming)
        if fault is not None and fault.kind == "slow":
            await asyncio.sleep(float(fault.argument))
        answer = None if fault is not None and fault.kind == "reset" else self._answer(incoming, fault)
        lost = answer is None or (fault is not None and fault.kind == "lost_answer")
        self.service.count(incoming, 0 if answer is None or lost else answer.status)
        if answer is None or lost:
            await reset_connection(scope, hard=answer is None)
        else:
            await self._deliver(answer, fault, scope, send)

    def _answer(self, incoming: Incoming, fault: Fault | None) -> Answer:
        if fault is not None and fault.kind in ("status", "throttle", "expired"):
            return self._refusal(incoming, fault)
        if self.handler is None:
            return self.service.no_route(incoming, self.allowed)
        if fault is not None and fault.kind == "cap":
            least = min(int(fault.argument), int(incoming.query.get("limit") or fault.argument))
            incoming = replace(incoming, query={**incoming.query, "limit": str(least)})
        if fault is not None and fault.kind == "twice":
            self.service.respond(incoming, self.handler)
        answer = self.service.respond(incoming, self.handler)
        bends = fault is not None and fault.kind in ("blank", "empty", "short", "doubled") and answer.status < 300
        return bend(answer, fault.kind) if fault is not None and bends else answer

    def _refusal(self, incoming: Incoming, fault: Fault) -> Answer:
        status = int(fault.argument) if fault.kind == "status" else {"throttle": 429, "expired": 401}[fault.kind]
        answer = self.service.failure(status, incoming)
        if fault.kind != "throttle":
            return answer
        return replace(answer, headers={name: value for name, value in answer.headers.items() if name != "Retry-After"})

    async def _deliver(self, answer: Answer, fault: Fault | None, scope: Any, send: Any) -> None:
        answer = answer.with_headers({"date": self.service.clock.http_date()})
        cut = fault is not None and fault.kind == "truncate"
        if scope["method"] == "HEAD":
            answer = replace(answer, body=b"")
        await _send_start(answer, send)
        body = answer.body[: len(answer.body) // 2] if cut else answer.body
        await send({"type": "http.response.body", "body": body, "more_body": cut})
        if cut:
            await break_off(scope)


class _Control:
    """One control: JSON in, JSON out; not counted, never struck by a fault."""

    def __init__(self, service: SandboxService, control: Callable[[dict[str, Any]], Any]) -> None:
        self.service, self.control = service, control

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        incoming = await _read(scope, receive, "control")
        try:
            wish = {**incoming.query, **(json.loads(incoming.body) if incoming.body else {})}
            answer = json_answer(self.control(wish))
        except (KeyError, ValueError, TypeError) as error:
            answer = json_answer({"error": f"{type(error).__name__}: {error}"}, 400)
        await _send_start(answer, send)
        await send({"type": "http.response.body", "body": answer.body})


async def _read(scope: Any, receive: Any, template: str) -> Incoming:
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return Incoming(
        method="GET" if scope["method"] == "HEAD" else scope["method"],
        template=template,
        url_path=scope["path"],
        path=dict(scope.get("path_params", {})),
        query=dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)),
        headers={name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]},
        body=body,
    )


async def _send_start(answer: Answer, send: Any) -> None:
    headers = {"content-type": answer.media_type, "content-length": str(len(answer.body)), **answer.headers}
    if answer.status == 204:
        del headers["content-type"], headers["content-length"]
    encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": encoded})
