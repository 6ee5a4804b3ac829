"""Structured documents broken in exactly one named way: the change, and the code that a judge must give for it."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass

from conformance.models.volet import VoletKind
from conformance.standards.cda import syntax
from conformance.standards.cda.syntax import XSI, tag
from conformance.standards.xml import syntax as xml
from conformance.standards.xml.syntax import Element

Change = Callable[[Element], None]

ANY: frozenset[VoletKind] = frozenset()
BIOLOGY: frozenset[VoletKind] = frozenset({"cr-bio-2021.01", "cr-bio-2023.01", "cr-bio-2024.01"})
IMAGING: frozenset[VoletKind] = frozenset({"cr-img-2024.01"})
VACCINE: frozenset[VoletKind] = frozenset({"vac-note-2023.01"})
PRESCRIPTION: frozenset[VoletKind] = frozenset({"ep-med-2024.01"})
SYNTHESIS: frozenset[VoletKind] = frozenset({"vsm-1.4"})
DISCHARGE: frozenset[VoletKind] = frozenset({"ldl-ses-2022.01"})
ADMISSION: frozenset[VoletKind] = frozenset({"ldl-ees-2022.01"})
DISPENSATION: frozenset[VoletKind] = frozenset({"edisp-med-2024.01"})


@dataclass(frozen=True, slots=True)
class BrokenVolet:
    """One way of breaking a document.

    `code` is one of the finding codes that it must give; `kinds` are the volets that can be broken so (empty: all);
    `official` says whether the official validator rejects it too (None: not known).
    """

    name: str
    code: str
    change: Change
    kinds: frozenset[VoletKind] = ANY
    official: bool | None = True

    def apply(self, raw: bytes) -> bytes:
        """The document broken; raises LookupError when it has nothing to break."""
        root = deepcopy(syntax.parse(raw))
        self.change(root)
        return xml.serialise(root)


def _find(root: Element, path: str) -> Element:
    found = root.find("/".join(tag(s) if s[0].isalpha() else s for s in path.split("/")))
    if found is None:
        raise LookupError(path)
    return found


def _first(document: Element, name: str, /, **attributes: str) -> Element:
    for element in document.iter(tag(name)):
        if all(element.get(k) == v for k, v in attributes.items()):
            return element
    raise LookupError(name)


def _templated(root: Element, oid: str) -> Element:
    held = _first(root, "templateId", root=oid).getparent()
    if held is None:
        raise LookupError(oid)
    return held


def drop(path: str) -> Change:
    """Remove the element of a path."""

    def change(root: Element) -> None:
        element = _find(root, path)
        parent = element.getparent()
        assert parent is not None
        parent.remove(element)

    return change


def put(path: str, attribute: str, value: str | None) -> Change:
    """Give an attribute of the element of a path another value, or remove it."""

    def change(root: Element) -> None:
        element = _find(root, path)
        if value is None:
            del element.attrib[attribute]
        else:
            element.set(attribute, value)

    return change


def say(path: str, text: str) -> Change:
    """Give the element of a path another text."""

    def change(root: Element) -> None:
        _find(root, path).text = text

    return change


def _inside(oid: str, then: Change) -> Change:
    """A change relative to the element that carries a template."""
    return lambda root: then(_templated(root, oid))


def _section_dropped(oid: str) -> Change:
    def change(root: Element) -> None:
        component = _templated(root, oid).getparent()
        assert component is not None
        parent = component.getparent()
        assert parent is not None
        parent.remove(component)

    return change


def _twice(path: str) -> Change:
    def change(root: Element) -> None:
        element = _find(root, path)
        element.addnext(deepcopy(element))

    return change


def _wrong_key(root: Element) -> None:
    id = _find(root, _INS)
    matricule = id.get("extension", "")
    id.set("extension", f"{matricule[:13]}{(int(matricule[13:]) % 97) + 1:02d}")


def _quantity(unit: str | None) -> Change:
    def change(root: Element) -> None:
        for value in root.iter(tag("value")):
            if value.get(f"{{{XSI}}}type") == "PQ" and value.get("unit"):
                if unit is None:
                    del value.attrib["unit"]
                else:
                    value.set("unit", unit)
                return
        raise LookupError("value")

    return change


def _truncated_media(root: Element) -> None:
    media = _first(root, "observationMedia")
    value = _find(media, "value")
    value.text = (value.text or "")[:-7]


_PATIENT = "recordTarget/patientRole/patient"
_INS = "recordTarget/patientRole/id"
_AUTHOR = "author/assignedAuthor"
_EVENT = "documentationOf/serviceEvent"
_RESULT = "1.3.6.1.4.1.19376.1.3.1.6"

BROKEN: tuple[BrokenVolet, ...] = (
    BrokenVolet("realm-other", "cda.header.realm", put("realmCode", "code", "US")),
    BrokenVolet("type-id-other", "cda.header.type-id", put("typeId", "extension", "POCD_HD000020"), official=False),
    BrokenVolet(
        "structmin-template-dropped",
        "cda.model.minimal",
        lambda r: r.remove(_first(r, "templateId", root="1.2.250.1.213.1.1.1.1")),
    ),
    BrokenVolet("id-not-an-oid", "cda.id.oid", put("id", "root", "DOC 12/34")),
    BrokenVolet("id-dropped", "cda.id.absent", drop("id")),
    BrokenVolet("type-code-unknown", "cda.type.unknown", put("code", "code", "99999-9")),
    BrokenVolet("title-dropped", "cda.title.absent", drop("title")),
    BrokenVolet(
        "effective-time-without-offset",
        "cda.time.offset",
        put("effectiveTime", "value", "20240502173000"),
        official=False,
    ),
    BrokenVolet(
        "effective-time-of-another-calendar", "cda.time.calendar", put("effectiveTime", "value", "20241302173000+0100")
    ),
    BrokenVolet("confidentiality-unknown", "cda.confidentiality.value", put("confidentialityCode", "code", "X")),
    BrokenVolet("language-other", "cda.language.value", put("languageCode", "code", "fr")),
    BrokenVolet("version-zero", "cda.version.number", put("versionNumber", "value", "0"), official=None),
    BrokenVolet("set-id-dropped", "cda.set-id.absent", drop("setId")),
    BrokenVolet("ins-key-wrong", "ins.matricule.key", _wrong_key, official=False),
    BrokenVolet("ins-under-another-oid", "cda.patient.ins-oid", put(_INS, "root", "1.2.250.1.213.1.4"), official=False),
    BrokenVolet(
        "ins-with-blanks", "ins.matricule.form", put(_INS, "extension", "2 79 03 51 215 189 89"), official=False
    ),
    BrokenVolet("birth-name-dropped", "cda.name.family", drop(f"{_PATIENT}/name/family")),
    BrokenVolet(
        "birth-name-qualifier-former", "cda.patient.family-qualifier", put(f"{_PATIENT}/name/family", "qualifier", "SP")
    ),
    BrokenVolet(
        "birth-name-in-small-letters", "ins.trait.name", say(f"{_PATIENT}/name/family", "Hérvé"), official=False
    ),
    BrokenVolet("birth-time-dropped", "cda.patient.birth-absent", drop(f"{_PATIENT}/birthTime")),
    BrokenVolet("birth-time-french", "cda.time.calendar", put(f"{_PATIENT}/birthTime", "value", "28031979")),
    BrokenVolet(
        "birth-place-label", "ins.trait.place", say(f"{_PATIENT}/birthplace/place/addr/county", "PARIS"), official=False
    ),
    BrokenVolet("sex-unknown-code", "cda.patient.sex", put(f"{_PATIENT}/administrativeGenderCode", "code", "Z")),
    BrokenVolet("two-patients", "cda.patient.several", _twice("recordTarget")),
    BrokenVolet("author-dropped", "cda.author.absent", drop("author")),
    BrokenVolet(
        "author-id-foreign", "cda.ident.professional-root", put(f"{_AUTHOR}/id", "root", "1.2.3.4"), official=False
    ),
    BrokenVolet(
        "author-rpps-without-prefix",
        "cda.ident.professional",
        put(f"{_AUTHOR}/id", "extension", "01234567897"),
        official=False,
    ),
    BrokenVolet("author-specialty-unknown", "cda.actor.specialty", put(f"{_AUTHOR}/code", "code", "G15_99/SM99")),
    BrokenVolet(
        "author-family-empty", "cda.name.blank", say(f"{_AUTHOR}/assignedPerson/name/family", ""), official=False
    ),
    BrokenVolet(
        "custodian-id-foreign",
        "cda.ident.structure-root",
        put("custodian/assignedCustodian/representedCustodianOrganization/id", "root", "1.2.3"),
    ),
    BrokenVolet("authenticator-without-signature", "cda.actor.signature", drop("legalAuthenticator/signatureCode")),
    BrokenVolet("act-dropped", "cda.act.absent", drop("documentationOf")),
    BrokenVolet(
        "act-ends-before-it-starts",
        "cda.time.order",
        put(f"{_EVENT}/effectiveTime/high", "value", "19990101000000+0100"),
        official=False,
    ),
    BrokenVolet(
        "practice-setting-unknown",
        "cda.structure.practice-setting",
        put(f"{_EVENT}/performer/assignedEntity/representedOrganization/standardIndustryClassCode", "code", "HOPITAL"),
    ),
    BrokenVolet("encounter-dropped", "cda.encounter.absent", drop("componentOf")),
    BrokenVolet(
        "facility-type-unknown",
        "cda.encounter.facility",
        put("componentOf/encompassingEncounter/location/healthCareFacility/code", "code", "SA999"),
    ),
    BrokenVolet("body-dropped", "cda.header.missing", drop("component")),
    BrokenVolet("element-unknown", "cda.structure.unexpected", lambda r: r.append(r.makeelement(tag("resume")))),
    BrokenVolet(
        "volet-version-unknown",
        "cda.model.version",
        lambda r: list(r.iterchildren(tag("templateId")))[-1].set("extension", "2019.99"),
        official=False,
    ),
    BrokenVolet("unit-not-ucum", "cda.value.unit", _quantity("mg/litre"), BIOLOGY),
    BrokenVolet("unit-dropped", "cda.value.unit-missing", _quantity(None), BIOLOGY, official=None),
    BrokenVolet(
        "result-interpretation-unknown",
        "cda.code.form",
        _inside(_RESULT, put("interpretationCode", "code", "ANORMAL")),
        frozenset({"cr-bio-2021.01", "cr-bio-2024.01"}),
    ),
    BrokenVolet(
        "result-number-with-comma", "cda.structure.value", _inside(_RESULT, put("value", "value", "5,2")), BIOLOGY
    ),
    BrokenVolet(
        "biology-title-other",
        "cda.template.text",
        say("title", "Résultats de laboratoire"),
        frozenset({"cr-bio-2024.01"}),
    ),
    BrokenVolet(
        "pdf-copy-truncated",
        "cda.media.base64",
        _truncated_media,
        frozenset({"cr-bio-2024.01", "ep-med-2024.01"}),
        official=False,
    ),
    BrokenVolet(
        "imaging-accession-dropped",
        "cda.template.missing",
        lambda r: _find(r, "inFulfillmentOf/order").remove(
            _find(r, "inFulfillmentOf/order/{urn:dicom-org:ps3-20}accessionNumber")
        ),
        IMAGING,
    ),
    BrokenVolet("imaging-modality-dropped", "cda.template.missing", drop(f"{_EVENT}/code/translation"), IMAGING),
    BrokenVolet(
        "imaging-conclusion-dropped", "cda.template.missing", _section_dropped("1.2.250.1.213.1.1.2.209"), IMAGING
    ),
    BrokenVolet(
        "imaging-study-uid-dropped", "cda.template.missing", _inside("1.2.250.1.213.1.1.3.155", drop("id")), IMAGING
    ),
    BrokenVolet(
        "vaccination-cancelled",
        "cda.template.attribute",
        _inside("1.2.250.1.213.1.1.3.45", put("statusCode", "code", "aborted")),
        VACCINE,
    ),
    BrokenVolet(
        "vaccination-before-birth",
        "cda.body-time.before-birth",
        _inside("1.2.250.1.213.1.1.3.45", put("effectiveTime", "value", "19010101")),
        VACCINE,
        official=False,
    ),
    BrokenVolet(
        "vaccination-imprecise",
        "cda.template.attribute",
        _inside("1.2.250.1.213.1.1.3.45", put("effectiveTime", "value", "202405")),
        VACCINE,
    ),
    BrokenVolet("prescription-without-end", "cda.template.missing", drop(f"{_EVENT}/effectiveTime/high"), PRESCRIPTION),
    BrokenVolet(
        "prescription-patient-without-address",
        "cda.template.missing",
        drop("recordTarget/patientRole/addr"),
        PRESCRIPTION,
    ),
    BrokenVolet("synthesis-without-attending", "cda.template.missing", drop("participant"), SYNTHESIS, official=False),
    BrokenVolet(
        "synthesis-act-other",
        "cda.template.missing",
        put(f"{_EVENT}/code", "code", "34133-9"),
        SYNTHESIS,
        official=False,
    ),
    BrokenVolet(
        "synthesis-without-results", "cda.template.missing", _section_dropped("1.2.250.1.213.1.1.2.150"), SYNTHESIS
    ),
    BrokenVolet(
        "discharge-without-medicines", "cda.template.missing", _section_dropped("1.2.250.1.213.1.1.2.146"), DISCHARGE
    ),
    BrokenVolet("admission-act-other", "cda.template.missing", put(f"{_EVENT}/code", "code", "AMB"), ADMISSION),
    BrokenVolet(
        "dispensation-by-another-profession",
        "cda.template.condition",
        _inside("1.2.250.1.213.1.1.2.236", put("author/assignedAuthor/code", "code", "G15_10")),
        DISPENSATION,
    ),
)
"""All the ways, the plainest places first."""
