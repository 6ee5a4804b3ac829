"""The life of accounts: RPPS looked up (SSI/IE.30), synchronised (IAM.83), in bulk (IAM.88), traced (IAM.91)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from conformance.evidence.values import Context, Driven, Finding, Heard, Observation, Witness
from conformance.models.access import FAILING, AccountStory, Operation
from conformance.properties.base import register
from conformance.properties.flow import finding, hindered
from conformance.properties.mail_flow import Trace, asked, step, told, traces
from conformance.standards.annuaire.observe import DirectoryAnswer, DirectoryRequest


def _account(driven: Driven[Any], heard: Heard, name: str) -> Mapping[str, Any] | None:
    """The account that the pilot read at a step: empty when the system has none, None when it was not read."""
    data = told(driven, heard, name)
    if data is None or "account" not in data:
        return None
    account = data["account"]
    return account if isinstance(account, dict) else {}


def _permissions(account: Mapping[str, Any]) -> frozenset[str]:
    held = account.get("permissions")
    return frozenset(str(p) for p in held) if isinstance(held, list) else frozenset()


def _active(account: Mapping[str, Any]) -> bool:
    return bool(account) and account.get("active", True) is not False


# SSI/IE.30


def _look_ups(driven: Driven[Any], heard: Heard) -> list[tuple[int, Observation]]:
    """The look-ups of the professional of this case, with their place in what was heard."""
    declared = next((o for o in heard.own if o.exchange.facts.get("instruction") == "practitioner"), None)
    if declared is None:
        return []
    rpps, family = (str(declared.exchange.facts.get(n, "")) for n in ("rpps", "family"))
    return [
        (place, o)
        for place, o in enumerate(heard.own)
        if isinstance(o.value, DirectoryRequest) and o.value.about(rpps, family)
    ]


def _declared_rpps(heard: Heard) -> str:
    declared = (o for o in heard.own if o.exchange.facts.get("instruction") == "practitioner")
    return next((str(o.exchange.facts.get("rpps", "")) for o in declared), "")


@register(
    "accounts.rpps-lookup",
    exercise="accounts",
    clause="DSR PFI SSI/IE.30 ; référentiel d'identification électronique, volet ASPP, exigence 2",
    requirements=("PFI/va2/SSI/IE.30",),
    codes=frozenset(
        {
            "ie.rpps.not-searched",
            "ie.rpps.not-searched-again",
            "ie.rpps.not-kept",
            "ie.rpps.creation-blocked",
            "ie.rpps.search-lost",
        }
    ),
    claims=frozenset({"account:create", "account:two-years", "account:directory-down"}),
    control="account:create",
    needs=frozenset({"service:annuaire", "pilot:account.read/1"}),
)
def rpps_lookup(driven: Driven[Any], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """An account of a profession of the RPPS is looked up when it is made, then within two years."""
    case = driven.case
    if not isinstance(case, AccountStory) or case.kind not in ("create", "two-years", "directory-down"):
        return
    made = told(driven, heard, "create")
    creation = step(driven, "create")
    if creation is None or creation.failure is not None:
        return
    found = _look_ups(driven, heard)
    if made is None:
        if case.kind == "directory-down":
            yield finding("ie.rpps.creation-blocked", "account", exchange=creation.exchange)
            if found:
                yield Witness("RPPS looked up when the account was made", found[0][1].exchange.id)
        return
    if case.kind == "two-years":
        yield from _two_years(driven, heard, found)
        return
    account = _account(driven, heard, "account-later" if case.kind == "directory-down" else "account")
    if not found:
        if hindered(heard, "annuaire"):
            return  # the directory failed on purpose, perhaps for others of whom it was asked first
        # The account stands and has no RPPS: this is told, not only not heard. With one, it came from elsewhere.
        if account and not account.get("rpps"):
            yield finding("ie.rpps.not-searched", "rpps", exchange=creation.exchange, expected=_declared_rpps(heard))
        return
    yield Witness("RPPS looked up when the account was made", found[0][1].exchange.id)
    answered = [o for _, o in found if _answered(heard, o)]
    if case.kind == "directory-down" and not answered:
        yield finding("ie.rpps.search-lost", "rpps", exchange=creation.exchange, absence=True)
    elif account is not None and answered and not account.get("rpps"):
        yield finding("ie.rpps.not-kept", "rpps", exchange=answered[-1].exchange.id, expected=_declared_rpps(heard))


def _answered(heard: Heard, request: Observation) -> bool:
    """Whether the directory gave an answer to this request."""
    return any(
        o.exchange.answers == request.exchange.id and isinstance(o.value, DirectoryAnswer) and o.value.ok
        for o in heard.own
    )


def _two_years(driven: Driven[Any], heard: Heard, found: list[tuple[int, Observation]]) -> Iterator[Finding | Witness]:
    clock = step(driven, "clock")
    if clock is None or told(driven, heard, "clock") is None:
        return
    moved = next((place for place, o in enumerate(heard.own) if o.exchange.id == clock.exchange), None)
    if moved is None:
        return
    later = [o for place, o in found if place > moved]
    if later:
        yield Witness("RPPS looked up again within two years", later[0].exchange.id)
    elif any(place < moved for place, _ in found):  # this product does ask this directory
        yield finding("ie.rpps.not-searched-again", "rpps", exchange=clock.exchange, absence=True)


# SSI/IAM.83


@register(
    "accounts.synchronisation",
    exercise="accounts",
    clause="DSR PFI SSI/IAM.83 (identité et permissions reprises du référentiel local)",
    requirements=("PFI/va2/SSI/IAM.83",),
    codes=frozenset({"iam.sync.identity", "iam.sync.permissions", "iam.sync.gone-still-active"}),
    claims=frozenset({"account:synchronisation"}),
    needs=frozenset({"service:annuaire", "pilot:account.sync/1", "pilot:account.read/1"}),
)
def synchronisation(driven: Driven[Any], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """What changed at the source is in the account after the next synchronisation."""
    case = driven.case
    if not isinstance(case, AccountStory) or case.kind != "synchronisation":
        return
    source = _source(driven, heard)
    account = _account(driven, heard, "after")
    sync = step(driven, "sync-2")
    if source is None or account is None or sync is None or not _taken(driven, heard) or hindered(heard, "annuaire"):
        return
    yield Witness("accounts synchronised with the directory of the organisation", sync.exchange)
    if not account:
        yield finding("iam.sync.identity", "login", exchange=sync.exchange, expected=source["login"], seen="-")
        return
    for name in ("family", "given", "mail"):
        if name in account and str(account.get(name)) != source[name]:
            yield finding(
                "iam.sync.identity", name, exchange=sync.exchange, expected=source[name], seen=account.get(name),
                subject=name,
            )  # fmt: skip
    wanted = frozenset(source["permissions"])
    if "permissions" in account and _permissions(account) != wanted:
        yield finding(
            "iam.sync.permissions",
            "permissions",
            exchange=sync.exchange,
            expected=" ".join(sorted(wanted)),
            seen=" ".join(sorted(_permissions(account))),
        )
    gone = _account(driven, heard, "gone")
    if gone is not None and _active(gone):
        yield finding("iam.sync.gone-still-active", "active", exchange=sync.exchange, seen=gone.get("login", ""))


def _source(driven: Driven[Any], heard: Heard) -> Mapping[str, Any] | None:
    """The account as the directory of the bench held it the second time."""
    sent = step(driven, "directory-2")
    observation = heard.by_id(sent.exchange) if sent is not None else None
    value = _json(observation.exchange.body) if observation is not None else None
    return value[0] if isinstance(value, list) and value and isinstance(value[0], dict) else None


def _taken(driven: Driven[Any], heard: Heard) -> bool:
    """Whether the directory was read after it had changed."""
    sent = step(driven, "directory-2")
    changed = next((i for i, o in enumerate(heard.own) if sent is not None and o.exchange.id == sent.exchange), None)
    return changed is not None and any(
        isinstance(o.value, DirectoryRequest) and o.value.event == "accounts" for o in heard.own[changed:]
    )


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


# SSI/IAM.88


@register(
    "accounts.bulk-update",
    exercise="accounts",
    clause="DSR PFI SSI/IAM.88 (mise à jour en masse des comptes et des permissions)",
    requirements=("PFI/va2/SSI/IAM.88",),
    codes=frozenset(
        {
            "iam.batch.not-created",
            "iam.batch.not-changed",
            "iam.batch.not-closed",
            "iam.batch.permission-not-added",
            "iam.batch.permission-not-removed",
            "iam.batch.spoilt-by-a-line",
        }
    ),
    claims=frozenset({"account:batch", "account:faulty-line"}),
    needs=frozenset({"pilot:account.batch/1", "pilot:account.read/1"}),
)
def bulk_update(driven: Driven[Any], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """A batch makes, changes and closes accounts, gives and takes permissions."""
    case = driven.case
    if not isinstance(case, AccountStory) or case.kind != "batch":
        return
    batch = step(driven, "batch")
    done = told(driven, heard, "batch") is not None
    made, changed, closed = (_account(driven, heard, name) for name in ("created", "updated", "closed"))
    if batch is None or batch.failure is not None or made is None or changed is None or closed is None:
        return
    wrong = list(_batch_faults(case, driven, heard, made, changed, closed)) if done else []
    if case.faulty:
        # The statement does not say what becomes of the other lines: advice.
        yield Witness("a batch with a faulty line was given", batch.exchange)
        if wrong or not done:
            yield finding("iam.batch.spoilt-by-a-line", "csv", exchange=batch.exchange)
        return
    if not done:
        return  # refused as a whole: perhaps the adapter's doing
    yield Witness("a batch of accounts was carried out", batch.exchange)
    for code, path, expected, seen in wrong:
        yield finding(code, path, exchange=batch.exchange, expected=expected, seen=seen)


def _batch_faults(
    case: AccountStory,
    driven: Driven[Any],
    heard: Heard,
    made: Mapping[str, Any],
    changed: Mapping[str, Any],
    closed: Mapping[str, Any],
) -> Iterator[tuple[str, str, str, str]]:
    if not _active(made):
        yield "iam.batch.not-created", "login", str(asked(driven, heard, "created").get("login", "")), "-"
    mail = str(changed.get("mail") or "")
    if not changed or ("mail" in changed and not mail.startswith("nouveau.")):
        yield "iam.batch.not-changed", "mail", "nouveau.…", mail
    if _active(closed):
        yield "iam.batch.not-closed", "active", "false", "true"
    if "permissions" in changed:
        held = _permissions(changed)
        if case.added not in held:
            yield "iam.batch.permission-not-added", "permissions", case.added, " ".join(sorted(held))
        if case.permissions[0] in held:
            yield "iam.batch.permission-not-removed", "permissions", " ".join(case.kept), " ".join(sorted(held))


# SSI/IAM.91

OPERATIONS: Mapping[str, tuple[Operation, ...]] = {
    "attributes": ("update",),
    "permissions": ("permissions",),
    "sign-in": ("sign-in", "sign-in-failed"),
    "password": ("password", "password-failed"),
}
"""Nature of the row's list -> the operations of the story that are of it."""


@register(
    "accounts.traces",
    exercise="accounts",
    clause="DSR PFI SSI/IAM.91 (date et heure, auteur, nature, résultat)",
    requirements=("PFI/va2/SSI/IAM.91",),
    codes=frozenset({"iam.trace.missing", "iam.trace.incomplete", "iam.trace.outcome", "iam.trace.password"}),
    claims=frozenset({"account:life"}),
    needs=frozenset({"pilot:log.read/1"}),
)
def account_traces(driven: Driven[Any], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """Each operation on an account, successful or not, leaves a whole trace."""
    case = driven.case
    if not isinstance(case, AccountStory) or case.kind != "life":
        return
    nature = context.parameters.get("nature")
    wanted = OPERATIONS.get(nature, ()) if isinstance(nature, str) else sum(OPERATIONS.values(), ())
    secrets = _secrets(driven, heard)
    for operation in wanted:
        sent, data = step(driven, operation), told(driven, heard, f"log-{operation}")
        if sent is None or sent.failure is not None or data is None:
            continue
        failing = operation in FAILING
        if (told(driven, heard, operation) is None) is not failing:
            continue  # the system did not do as the story wants: nothing to compare its trace with
        login = str(asked(driven, heard, operation).get("login", ""))
        yield from _traced(operation, login, traces(data), sent.exchange, failing=failing)
        if any(secret in json.dumps(data, ensure_ascii=False) for secret in secrets):
            yield finding("iam.trace.password", operation, exchange=sent.exchange, subject=operation)


def _traced(
    operation: str, login: str, found: tuple[Trace, ...], exchange: str, *, failing: bool
) -> Iterator[Finding | Witness]:
    own = [t for t in found if _about(t, login)]
    if not own:
        yield finding("iam.trace.missing", operation, exchange=exchange, expected=login, subject=operation)
        return
    outcome = "failed" if failing else "ok"
    right = [t for t in own if t.outcome == outcome] or own
    best = min(right, key=lambda t: len(_missing(t)))
    for name in _missing(best):
        yield finding("iam.trace.incomplete", name, exchange=exchange, subject=f"{operation}.{name}")
    if best.outcome and best.outcome != outcome:
        yield finding("iam.trace.outcome", "outcome", exchange=exchange, expected=outcome, seen=best.outcome,
                      subject=operation)  # fmt: skip
    yield Witness(f"an operation on an account is traced ({operation})", exchange)


def _about(trace: Trace, login: str) -> bool:
    return any(login in text for text in (trace.author, trace.request, *trace.subject.values()))


def _missing(trace: Trace) -> list[str]:
    """What the row asks for and the trace does not say."""
    missing = [name for name in ("author", "action", "outcome") if not getattr(trace, name)]
    try:
        datetime.fromisoformat(trace.at)
    except ValueError:
        missing.append("at")
    return missing


def _secrets(driven: Driven[Any], heard: Heard) -> frozenset[str]:
    """The passwords that the bench gave in this story."""
    payloads = [asked(driven, heard, name) for name in ("create", *sum(OPERATIONS.values(), ()))]
    return frozenset(str(p[n]) for p in payloads for n in ("password", "old", "new") if p.get(n))
