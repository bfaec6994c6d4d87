"""Mem0's hosted API as the client of mem0ai 2.2.1 calls it; strict about what it is given.

An add is answered with PENDING and an event id, as Mem0's reference says, and can be read at once
afterwards, or when the fault `pending` that it met is lifted.
https://docs.mem0.ai/api-reference/memory/add-memories
"""

import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.memories import Memory
from simulator.state import Simulator

ADD_FIELDS = {"messages", "user_id", "metadata", "infer"}
UPDATE_FIELDS = {"text", "metadata"}


class Refusal(Exception):
    """Mem0 refuses a request."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail


Answer = Callable[[Simulator, Request], Awaitable[Any]]


def _guarded(answer: Answer) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        simulator: Simulator = request.app.state.simulator
        try:
            _check_key(request, simulator.settings.mem0_api_key)
            return JSONResponse(await answer(simulator, request))
        except Refusal as refusal:
            return JSONResponse({"detail": refusal.detail}, refusal.status)

    return endpoint


async def ping(_simulator: Simulator, _request: Request) -> dict[str, Any]:
    """Whose key it is."""
    return {"status": "ok", "org_id": "org_sim", "project_id": "proj_sim", "user_email": None}


async def add(simulator: Simulator, request: Request) -> dict[str, Any]:
    """Accepts one message as it is."""
    body = await _body(request, ADD_FIELDS, required=ADD_FIELDS)
    if body["infer"] is not False:
        raise Refusal(422, "infer must be false: there is no model here")
    match body["messages"]:
        case [{"role": "user", "content": str(text), **rest}] if text and not rest:
            pass
        case _:
            raise Refusal(400, "messages must be one message of the user with content")
    if not isinstance(body["user_id"], str) or not body["user_id"]:
        raise Refusal(400, "At least one entity ID is required")
    made = Memory(body["user_id"], text, _metadata(body), getattr(request.state, "fault", None))
    simulator.memories[made.id] = made
    return {
        "message": "Memory processing has been queued for background execution",
        "status": "PENDING",
        "event_id": str(uuid4()),
    }


async def find(simulator: Simulator, request: Request) -> dict[str, Any]:
    """Lists what filters {"AND": [{"user_id": …}, {"metadata": {…}}]} match; page by page."""
    body = await _body(request, {"filters"}, required={"filters"})
    user_id, metadata = _wanted(body["filters"])
    found = [
        each
        for each in simulator.memories.values()
        if each.is_there and each.user_id == user_id and metadata.items() <= each.metadata.items()
    ]
    try:
        page = int(request.query_params.get("page", "1"))
        size = int(request.query_params.get("page_size", "100"))
    except ValueError as error:
        raise Refusal(400, "page and page_size must be numbers") from error
    shown = found[(page - 1) * size : page * size]
    results = [each.report() for each in shown]
    return {"count": len(found), "next": None, "previous": None, "results": results}


async def one(simulator: Simulator, request: Request) -> dict[str, Any]:
    """GET, PUT or DELETE of one memory."""
    memory = simulator.memories.get(request.path_params["memory_id"])
    if memory is None or not memory.is_there:
        raise Refusal(404, "Memory not found!")
    if request.method == "DELETE":
        del simulator.memories[memory.id]
        return {"message": "Memory deleted successfully!"}
    if request.method == "PUT":
        body = await _body(request, UPDATE_FIELDS, required=set())
        memory.memory = body.get("text", memory.memory)
        memory.metadata = _metadata(body) if "metadata" in body else memory.metadata
    return memory.report()


def _check_key(request: Request, key: str) -> None:
    given = request.headers.get("authorization", "").encode()
    if not key or not hmac.compare_digest(given, f"Token {key}".encode()):
        raise Refusal(401, "Invalid API key")


async def _body(request: Request, known: set[str], required: set[str]) -> dict[str, Any]:
    try:
        body = json.loads(await request.body())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Refusal(400, "The body must be a JSON object")
    if body.keys() - known or required - body.keys():
        raise Refusal(400, f"The body must have {sorted(required)} of {sorted(known)}")
    return body


def _metadata(body: Mapping[str, Any]) -> dict[str, Any]:
    metadata = body["metadata"]
    if not isinstance(metadata, dict):
        raise Refusal(400, "metadata must be an object")
    return metadata


def _wanted(filters: Any) -> tuple[str, dict[str, Any]]:
    match filters:
        case {"AND": [{"user_id": str(user_id)}, {"metadata": dict(metadata)}]}:
            return user_id, metadata
        case {"AND": [{"user_id": str(user_id)}]} | {"user_id": str(user_id)}:
            return user_id, {}
    raise Refusal(400, "filters must name a user_id, and metadata where you like")


routes = [
    Route("/v1/ping/", _guarded(ping)),
    Route("/v3/memories/add/", _guarded(add), methods=["POST"]),
    Route("/v3/memories/", _guarded(find), methods=["POST"]),
    Route("/v1/memories/{memory_id}/", _guarded(one), methods=["GET", "PUT", "DELETE"]),
]
