"""Faults of a service: wrappers around its handler, named in an environment, told in the facts of the answer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from conformance.bench.clock import sleep
from conformance.bench.service import Call, Fault, Handler, Reply
from conformance.errors import InternalError

Maker = Callable[[Mapping[str, str]], Fault]
"""Makes a fault from the settings of the service."""


def success(handler: Handler) -> Handler:
    """No fault at all."""
    return handler


def slow(seconds: float) -> Fault:
    """The right answer, late."""

    def wrap(handler: Handler) -> Handler:
        async def late(call: Call) -> Reply:
            reply = await handler(call)
            await sleep(seconds)
            return reply

        return late

    return wrap


def cut(share: float) -> Fault:
    """The right answer, of which only a share is sent before the connection is closed."""

    def wrap(handler: Handler) -> Handler:
        async def broken(call: Call) -> Reply:
            return replace(await handler(call), cut=share)

        return broken

    return wrap


def instead(make: Callable[[Call], Reply]) -> Fault:
    """Another answer; the request has no effect."""

    def wrap(_handler: Handler) -> Handler:
        async def other(call: Call) -> Reply:
            return make(call)

        return other

    return wrap


def named(name: str, fault: Fault, transactions: Collection[str], spared: str = "") -> Fault:
    """A fault of these transactions only; its name goes with the facts of each answer it touched.

    A request that quotes `spared` gets the right answer: the permitted twin by which a silence can be believed.
    """
    mark = spared.encode()

    def wrap(handler: Handler) -> Handler:
        faulty = fault(handler)

        async def chosen(call: Call) -> Reply:
            if call.transaction not in transactions or (mark and mark in call.body):
                return await handler(call)
            reply = await faulty(call)
            return replace(reply, facts={**reply.facts, "fault": name})

        return chosen

    return wrap


SHARED: Mapping[str, Maker] = {
    "slow": lambda settings: slow(float(settings["delay"])),
    "cut": lambda settings: cut(float(settings["share"])),
}
"""Faults that any service may have; `delay` in seconds, `share` between 0 and 1."""


def chosen(settings: Mapping[str, str], own: Mapping[str, Maker], service: str) -> Fault:
    """The fault that settings name, on the transactions they name (`on`, separated by blanks), `spare` left alone.

    Raises InternalError for a fault that does not exist.
    """
    name = settings["fault"]
    if name == "success":
        return success
    maker = {**SHARED, **own}.get(name)
    if maker is None:
        raise InternalError("bench.unknown-setting", where=service, key=f"{service}.fault={name}")
    return named(name, maker(settings), settings["on"].split(), settings.get("spare", ""))
