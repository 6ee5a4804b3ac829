"""XDM archives: layout, safe reading, metadata held against the documents, on literal metadata and official CDA."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from conformance.errors import Malformed
from conformance.evidence.values import Severity
from conformance.standards.cda.reader import read as read_cda
from conformance.standards.xdm import builders, syntax
from conformance.standards.xdm.judging import judge
from conformance.standards.xdm.reader import looks_like, read
from conformance.standards.xds.mapping import utc

CDA = b"""<ClinicalDocument xmlns="urn:hl7-org:v3"><id root="1.2.3.4.5"/>
<code code="34133-9" codeSystem="2.16.840.1.113883.6.1" displayName="X"/><title>Lettre</title>
<effectiveTime value="20240115101530+0100"/><confidentialityCode code="N" codeSystem="2.16.840.1.113883.5.25"/>
<languageCode code="fr-FR"/><recordTarget><patientRole>
<id root="1.2.250.1.213.1.4.10" extension="279035121518989"/><id root="1.2.3.4" extension="IPP1"/>
<patient><name><family qualifier="BR">PAT-TROIS</family><given>DOMINIQUE</given></name>
<administrativeGenderCode code="F"/><birthTime value="19790328"/></patient></patientRole></recordTarget>
<author><assignedAuthor><id root="1.2.250.1.71.4.2.1" extension="801234567897"/></assignedAuthor></author>
<documentationOf><serviceEvent><effectiveTime><low value="20240114"/></effectiveTime></serviceEvent></documentationOf>
</ClinicalDocument>"""


def slot(name: str, *values: str) -> str:
    """A rim:Slot as ebXML RegRep 3.0 writes it."""
    held = "".join(f"<Value>{v}</Value>" for v in values)
    return f'<Slot name="{name}"><ValueList>{held}</ValueList></Slot>'


def coded(scheme: str, code: str, system: str) -> str:
    """A classification by a coded value."""
    return (
        f'<Classification classificationScheme="urn:uuid:{scheme}" classifiedObject="D1" id="c{scheme[:4]}" '
        f'nodeRepresentation="{code}">{slot("codingScheme", system)}</Classification>'
    )


def external(scheme: str, owner: str, value: str) -> str:
    """An external identifier."""
    return (
        f'<ExternalIdentifier id="e{scheme[:4]}" identificationScheme="urn:uuid:{scheme}" '
        f'registryObject="{owner}" value="{value}"/>'
    )


def author(scheme: str, owner: str) -> str:
    """An author classification of one professional."""
    person = slot("authorPerson", "801234567897^DOC^JEAN^^^^^^&amp;1.2.250.1.71.4.2.1&amp;ISO^D^^^IDNPS")
    head = f'classificationScheme="urn:uuid:{scheme}" classifiedObject="{owner}" id="a"'
    return f"<Classification {head}>{person}</Classification>"


INS = "279035121518989^^^&amp;1.2.250.1.213.1.4.10&amp;ISO^NH"


def metadata(content: bytes = CDA, **changed: str) -> bytes:
    """The METADATA.XML of one document, written from ITI TF-3; `changed` overrides values by name."""
    v = {
        "hash": hashlib.sha1(content, usedforsecurity=False).hexdigest(),
        "size": str(len(content)),
        "uri": "DOC0001.XML",
        "uid": "1.2.3.4.5",
        "patient": INS,
        "type": "34133-9",
        "created": "20240115091530",
        "start": "20240114",
        "title": "Lettre",
        "target": "D1",
        **changed,
    }
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<lcm:SubmitObjectsRequest xmlns:lcm="urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0"
 xmlns="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"><RegistryObjectList>
<RegistryPackage id="S1">{slot("submissionTime", "20240115092000")}
{author("a7058bb9-b4e4-4307-ba5b-e3f0ab85e12d", "S1")}
<Classification id="n" classifiedObject="S1" classificationNode="urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd"/>
{external("6b5aea1a-874d-4603-a4bc-96a0a7b38446", "S1", INS)}
{external("554ac39e-e3fe-47fe-b233-965d2a147832", "S1", "1.2.3.9")}
{external("96fdda7c-d067-4183-912e-bf5ee74998a8", "S1", "1.2.3.9.1")}</RegistryPackage>
<ExtrinsicObject id="D1" mimeType="text/xml" objectType="urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1">
{slot("creationTime", v["created"])}{slot("hash", v["hash"])}{slot("size", v["size"])}{slot("URI", v["uri"])}
{slot("languageCode", "fr-FR")}{slot("serviceStartTime", v["start"])}
{slot("sourcePatientId", "IPP1^^^&amp;1.2.3.4&amp;ISO^PI")}
{slot("legalAuthenticator", "801234567897^DOC^JEAN^^^^^^&amp;1.2.250.1.71.4.2.1&amp;ISO^D^^^IDNPS")}
<Name><LocalizedString value="{v["title"]}"/></Name>
{author("93606bcf-9494-43ec-9b4e-a7748d1a838d", "D1")}
{coded("41a5887f-8865-4c09-adf7-e362475b143a", "11", "1.2.250.1.213.1.1.4.1")}
{coded("f0306f51-975f-434e-a61c-c59651d33983", v["type"], "2.16.840.1.113883.6.1")}
{coded("a09d5840-386c-46f2-b5ad-9c3699a4309d", "urn:x", "1.3.6.1.4.1.19376.1.2.3")}
{coded("f4f85eac-e6cb-4883-b524-f2705394840f", "N", "2.16.840.1.113883.5.25")}
{coded("f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1", "SA07", "1.2.250.1.71.4.2.4")}
{coded("cccf5598-8b07-4b77-a05e-ae952c785ead", "AMBULATOIRE", "1.2.250.1.213.1.1.4.9")}
{external("58a6f841-87b3-4a3e-92fd-a8ffeff98427", "D1", v["patient"])}
{external("2e82c1f6-a085-4c72-9da3-8640a32e42ab", "D1", v["uid"])}</ExtrinsicObject>
<Association id="A1" associationType="urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember"
 sourceObject="S1" targetObject="{v["target"]}"/></RegistryObjectList></lcm:SubmitObjectsRequest>""".encode()


def archive(members: Mapping[str, bytes]) -> bytes:
    """A ZIP by the standard library alone."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in members.items():
            zipped.writestr(name, content)
    return out.getvalue()


def media(**changed: bytes | None) -> dict[str, bytes]:
    """The members of a conforming archive; a None removes one."""
    members: dict[str, bytes | None] = {
        "INDEX.HTM": b'<html><body><a href="IHE_XDM/SUBSET01/DOC0001.XML">doc</a></body></html>',
        "README.TXT": b"contact",
        "IHE_XDM/SUBSET01/METADATA.XML": metadata(),
        "IHE_XDM/SUBSET01/DOC0001.XML": CDA,
        **changed,
    }
    return {name: content for name, content in members.items() if content is not None}


def codes(data: bytes) -> set[str]:
    """The codes of the findings of an archive."""
    return {f.code for f in judge(data)}


def test_a_conforming_archive_gives_nothing() -> None:
    """Layout, metadata and document that agree raise no finding, a PDF copy beside them included."""
    assert list(judge(archive(media(**{"IHE_XDM/SUBSET01/DOC0001.PDF": b"%PDF-1.4"})))) == []


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"hash": "0" * 40}, "xdm.document.hash"),
        ({"size": "3"}, "xdm.document.size"),
        ({"uri": "DOC0002.XML"}, "xdm.document.absent"),
        ({"uri": "../SUBSET01/DOC0001.XML"}, "xdm.document.absent"),
        ({"uid": "1.2.3.4.6"}, "xdm.metadata.contradicts"),
        ({"type": "11502-2"}, "xdm.metadata.contradicts"),
        ({"created": "20240115101530"}, "xdm.metadata.contradicts"),
        ({"patient": "1^^^&amp;1.2.250.1.213.1.4.10&amp;ISO^NH"}, "xdm.patient.several"),
        ({"target": "D2"}, "xdm.metadata.member"),
        ({"hash": ""}, "xdm.metadata.missing"),
    ],
)
def test_metadata_that_contradict_the_document_are_found(changed: dict[str, str], code: str) -> None:
    """Each contradiction has its code, as an error; the creation time is compared in UTC."""
    found = {f.code: f for f in judge(archive(media(**{"IHE_XDM/SUBSET01/METADATA.XML": metadata(**changed)})))}
    assert code in found
    assert found[code].severity is Severity.ERROR


def test_a_title_that_differs_is_only_a_warning() -> None:
    """Texts for people may be rewritten."""
    data = archive(media(**{"IHE_XDM/SUBSET01/METADATA.XML": metadata(title="Autre")}))
    assert [(f.code, f.severity, f.subject) for f in judge(data)] == [
        ("xdm.metadata.contradicts", Severity.WARNING, "title")
    ]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"INDEX.HTM": None}, "xdm.layout.file"),
        ({"README.TXT": None}, "xdm.layout.file"),
        ({"README.TXT": None, "readme.txt": b"x"}, "xdm.layout.file"),
        ({"README.TXT": b""}, "xdm.layout.empty"),
        ({"INDEX.HTM": b'<a href="https://example.org/x">x</a>'}, "xdm.index.external"),
        ({"INDEX.HTM": b'<a href="IHE_XDM/NO.XML">x</a>'}, "xdm.index.link"),
        ({"IHE_XDM/SUBSET01/METADATA.XML": None}, "xdm.metadata.absent"),
        ({"IHE_XDM/SUBSET01/METADATA.XML": b"<a/>"}, "xdm.metadata.root"),
        ({"IHE_XDM/SUBSET01/METADATA.XML": b"<a"}, "xml.syntax.not-well-formed"),
        ({"IHE_XDM/SUBSET01/DOC0001.XML": b"<a/>"}, "xdm.document.unreadable"),
        ({"IHE_XDM/SUBSET01/AUTRE.XML": CDA}, "xdm.document.unlisted"),
        ({"IHE_XDM/SUBSET01/document-long.pdf": b"x"}, "xdm.layout.name"),
    ],
)
def test_a_layout_that_is_not_that_of_the_profile_is_found(changed: dict[str, bytes | None], code: str) -> None:
    """Missing, misplaced or misnamed files each have their code."""
    assert code in codes(archive(media(**changed)))


def test_two_patients_in_one_archive_are_found() -> None:
    """Two sets about two patients make one finding at least."""
    other = CDA.replace(b"279035121518989", b"255069999999934").replace(b"1.2.3.4.5", b"1.2.3.4.7")
    second = metadata(other, uid="1.2.3.4.7").replace(b"279035121518989", b"255069999999934")
    found = codes(archive(media(**{"IHE_XDM/SUBSET02/METADATA.XML": second, "IHE_XDM/SUBSET02/DOC0001.XML": other})))
    assert found == {"xdm.patient.several"}


@pytest.mark.parametrize("name", ["../evil.xml", "/etc/passwd", "C:/x.xml", "a\\b.xml", "IHE_XDM/../../x"])
def test_a_name_that_leaves_the_archive_is_refused(name: str) -> None:
    """Nothing is read of an archive that tries to write elsewhere."""
    row = zipfile.ZipInfo("placeholder")
    row.filename = name
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as zipped:
        zipped.writestr(row, b"x")
    with pytest.raises(Malformed) as caught:
        read(out.getvalue())
    assert caught.value.code == "xdm.syntax.name"


def test_a_bomb_is_refused_before_it_explodes() -> None:
    """A member that unpacks to far more than its packed size is cut short."""
    with pytest.raises(Malformed) as caught:
        read(archive({"IHE_XDM/BOMB": bytes(64 * 1024 * 1024)}))
    assert caught.value.code == "xdm.syntax.too-big"


@pytest.mark.parametrize("data", [b"", b"PK", b"not a zip", archive(media())[:200]])
def test_what_is_no_archive_is_told(data: bytes) -> None:
    """Truncated or foreign bytes are one finding."""
    assert codes(data) == {"xdm.syntax.zip"}


def test_an_archive_is_recognised_by_its_names() -> None:
    """IHE_XDM or METADATA.XML makes an XDM, other names do not."""
    assert looks_like(("IHE_XDM/SUBSET01/DOC0001.XML",))
    assert looks_like(("sub/METADATA.XML",))
    assert not looks_like(("a.xml", "photos/b.jpg"))


def test_times_become_utc() -> None:
    """Hours are shifted by the offset, as precise as they were; a day stays."""
    assert utc("20240115101530+0100") == "20240115091530"
    assert utc("202401150030+0100") == "202401142330"
    assert utc("20240114") == "20240114"
    assert utc("hier") == ""


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["BIO-CR-BIO_2024.01_Microbiologie_V1.xml", "VSM_1.4_2022.01.xml"])
def test_the_builder_writes_what_the_official_header_says(shared: Path, name: str) -> None:
    """An archive built around an official document has no finding, and the same bytes come back out."""
    content = (shared / "corpus-cda" / "officiels" / name).read_bytes()
    spec = builders.SetSpec("2.25.1", "2.25.2", "20240115092000")
    data = builders.build([content], spec)
    assert [f for f in judge(data) if f.severity is Severity.ERROR] == []
    (entry,) = read(data).subsets[0].documents
    assert entry.content == content
    assert entry.unique_id == read_cda(content).unique_id
    assert syntax.read(data).members["IHE_XDM/SUBSET01/DOC0001.XML"] == content
