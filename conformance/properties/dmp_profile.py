"""DMP/va1.08 and DMP/CONF.05: what public texts say of the feeding profile, and that feeding asks for no access.

The integration guide of the DMP is not public: only what IHE and the published models both require is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from conformance.evidence.values import Context, Direction, Driven, Exchange, Finding, Heard, Observation, Witness
from conformance.properties.base import register
from conformance.properties.flow import Delivery, answer_to, deliveries, finding, header_of, submissions
from conformance.standards.saml import modes
from conformance.standards.xds import mapping, rules, xades
from conformance.standards.xds.answers import Answer
from conformance.standards.xds.patients import Authorisation
from conformance.standards.xds.submission import Entry, Submission
from conformance.standards.xds.update import Update

REQUIRED = frozenset(
    {
        "uniqueId",
        "patientId",
        "sourcePatientId",
        "classCode",
        "typeCode",
        "formatCode",
        "confidentialityCode",
        "healthcareFacilityTypeCode",
        "practiceSettingCode",
        "mimeType",
        "languageCode",
        "creationTime",
    }
)
"""Metadata of an entry that IHE requires of a source in ITI-41 (TF-3 4.3.1) and the models of the DMP too (1..1)."""

REQUIRED_OF_SET = frozenset({"uniqueId", "sourceId", "patientId", "submissionTime", "contentTypeCode"})

REPOSITORY = "/repository"
"""The end of the address to which documents are submitted."""

SIGNATURE = "dmp_signature"
"""The setting of a target: `if-present` (by default) or `expected`. The rule is in the guide, which is not public."""

_LEFT_TO_REPOSITORY: Mapping[str, Callable[[Entry], object]] = {
    "hash": lambda e: e.hash,
    "size": lambda e: e.size is not None,
}
"""What a source may leave to the repository, though the models of the DMP have it."""


@register(
    "dmp.feeding-profile",
    exercise="documents.intake",
    clause="DSR PFI DMP/va1.08 ; IHE ITI-41, XDS.b (TF-3 4.2 et 4.3) ; VIHF",
    requirements=("PFI/va1/DMP/va1.08",),
    codes=frozenset(
        {
            "dmp.profile.malformed",
            "dmp.profile.metadata-missing",
            "dmp.profile.metadata-expected",
            "dmp.profile.member-missing",
            "dmp.profile.document-missing",
            "dmp.profile.vihf-missing",
            "dmp.profile.content-differs",
            "dmp.profile.header-differs",
            "dmp.profile.vihf-incomplete",
            "dmp.profile.signature",
        }
    ),
    claims=frozenset({"plain", "kind:imaging", "bodies:n1", "story:replacement", "flag:masque-ps"}),
    control="plain",
    environments=("normal",),
)
def feeding_profile(driven: Driven[object], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """Each submission is an ITI-41 with its mandatory metadata, its document and its VIHF."""
    yield from _malformed(heard)
    for delivery in _fed(driven, heard):
        for observation in submissions(heard, delivery.uids):
            assert isinstance(observation.value, Submission)
            yield from _profile(observation, observation.value)
            yield from _signed(observation, observation.value, context)


@register(
    "dmp.no-access-request",
    exercise="documents.intake",
    clause="DSR SC.DMP/CONF.05",
    requirements=("PFI/va2/DMP/CONF.05",),
    codes=frozenset({"dmp.access.requested"}),
    claims=frozenset({"plain", "story:replacement", "story:deletion"}),
    control="plain",
    environments=("normal",),
)
def no_access_request(driven: Driven[object], heard: Heard, context: Context) -> Iterator[Finding | Witness]:
    """A feeding or a deletion is accepted, and no TD0.3 was heard for it. A PFI consults nothing: it needs none."""
    asked = [o for o in _requests(heard) if isinstance(o.value, Authorisation) and o.value.action != "SUPPRESSION"]
    for observation in asked:
        assert isinstance(observation.value, Authorisation)
        yield finding(
            "dmp.access.requested",
            "setAuthorization",
            exchange=observation.exchange.id,
            seen=observation.value.action or "setAuthorization",
        )
    if asked:
        return
    for observation in heard.own:
        if isinstance(observation.value, Submission | Update) and _accepted(heard, observation):
            told = "deletion" if isinstance(observation.value, Update) else "feeding"
            yield Witness(f"{told} accepted without any TD0.3", observation.exchange.id)


def _requests(heard: Heard) -> Iterator[Observation]:
    """What was asked of the DMP for the case, and what says nobody's name: a TD0.3 has its patient in its VIHF."""
    yield from heard.own
    yield from (o for o in heard.window if not o.keys and o.kind == "dmp.authorisation" and o not in heard.own)


def _accepted(heard: Heard, request: Observation) -> bool:
    answer = answer_to(heard, request.exchange)
    return answer is not None and isinstance(answer.value, Answer) and answer.value.ok


def _fed(driven: Driven[object], heard: Heard) -> Iterator[Delivery]:
    return (d for d in deliveries(driven, heard) if d.conforming and d.accepted)


def _malformed(heard: Heard) -> Iterator[Finding]:
    """Bodies sent to the DMP that nothing can be read from: they bear no key, the whole window shares them."""
    for o in heard.window:
        if o.kind == "soap.malformed" and _to_repository(o.exchange):
            wrong = next(iter(o.findings), None)
            yield finding(
                "dmp.profile.malformed",
                "Envelope",
                exchange=o.exchange.id,
                seen="" if wrong is None else wrong.code,
                subject="" if wrong is None else wrong.code,
            )


def _to_repository(exchange: Exchange) -> bool:
    """Whether an exchange is a request that came whole to the place where documents are submitted."""
    facts = exchange.facts
    return (
        exchange.channel == "dmp"
        and exchange.direction is Direction.FROM_VENDOR
        and bool(exchange.body)
        and not facts.get("failure")
        and facts.get("method", "POST") == "POST"
        and str(facts.get("path", REPOSITORY)).rstrip("/").endswith(REPOSITORY)
    )


_BY_CODE = {
    "xds.association.member": "dmp.profile.member-missing",
    "xds.document.absent": "dmp.profile.document-missing",
    "xds.vihf.absent": "dmp.profile.vihf-missing",
    "xds.metadata.size": "dmp.profile.content-differs",
    "xds.metadata.hash": "dmp.profile.content-differs",
    "xds.metadata.unique-id": "dmp.profile.content-differs",
    "xds.metadata.patient": "dmp.profile.content-differs",
    "xds.metadata.time": "dmp.profile.content-differs",
}
"""What the reader of submissions says -> what the row says of it."""


def _profile(observation: Observation, submission: Submission) -> Iterator[Finding | Witness]:
    where = observation.exchange.id
    if submission.vihf is not None and submission.documents:
        yield Witness("submission and its VIHF heard", where)
    if submission.soap != "1.2":
        seen = f"SOAP {submission.soap}"
        yield finding("dmp.profile.malformed", "Envelope", exchange=where, expected="SOAP 1.2", seen=seen, subject=seen)
    for told in rules.judge(submission):
        path = told.location.path
        code = _BY_CODE.get(told.code, "")
        if told.code == "xds.metadata.missing":
            code = f"dmp.profile.metadata-{'missing' if _due(path, submission) else 'expected'}"
        if code:
            yield finding(code, path, exchange=where, seen=told.seen, expected=told.expected, subject=_name(path))
    for entry in submission.documents:
        for name, held in _LEFT_TO_REPOSITORY.items():
            if not held(entry):
                yield finding("dmp.profile.metadata-expected", name, exchange=where, expected=name, subject=name)
        header = header_of(entry.content) if entry.content is not None else None
        for difference in mapping.differences(entry, header) if header is not None else ():
            yield finding(
                "dmp.profile.header-differs",
                difference.name,
                exchange=where,
                seen=difference.seen,
                expected=difference.expected,
                subject=difference.name,
            )
    if submission.vihf is not None:
        for lack in modes.lacks(submission.vihf):
            yield finding("dmp.profile.vihf-incomplete", lack, exchange=where, expected=lack, subject=lack)


def _signed(observation: Observation, submission: Submission, context: Context) -> Iterator[Finding]:
    """The signature is judged when it is there, its absence when the target says that it is `expected`."""
    wrong = xades.trouble(submission)
    if wrong and (wrong != "absent" or context.settings.get(SIGNATURE) == "expected"):
        where = observation.exchange.id
        yield finding("dmp.profile.signature", "DocumentEntry (E1762)", exchange=where, seen=wrong, subject=wrong)


def _name(path: str) -> str:
    """`DocumentEntry[1].title` -> `title`: one finding whatever the number of the entry."""
    return path.rpartition(".")[2]


def _due(path: str, submission: Submission) -> bool:
    """Whether a metadata is mandatory: of the set, or of a document. What the DMP asks of a signature is not public."""
    if path.startswith("SubmissionSet"):
        return _name(path) in REQUIRED_OF_SET
    number = int(path.partition("[")[2].partition("]")[0])
    return _name(path) in REQUIRED and not submission.entries[number - 1].is_signature
