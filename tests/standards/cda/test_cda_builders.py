"""Documents we build: the header order of the CDA schema, the facts given, and clean under our own rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from lxml import etree

from conformance.standards.cda import builders, judging, marks, reader
from conformance.standards.cda.builders import CdaSpec, PatientSpec, PersonSpec, StructureSpec

PARIS = timezone(timedelta(hours=1))

SPEC = CdaSpec(
    uid="2.25.123456789",
    set_id="2.25.1",
    version=1,
    patient=PatientSpec(
        ids=(("1.2.250.1.213.1.4.10", "279035121518989"), ("1.2.3.4.567.8", "IPP0017")),
        birth_name="PAT-TROIS",
        given=("DOMINIQUE", "MARIE-LOUISE"),
        sex="F",
        birth="19790328",
        birth_place="51215",
        used_name="D'ESSAI",
    ),
    author=PersonSpec("801234567897", "AUGUIN", "Léon"),
    structure=StructureSpec("1750803447", "Hôpital <A> & fils"),
    code="11490-0",
    code_system=builders.LOINC,
    label="Lettre de liaison à la sortie d'un établissement de soins",
    title='Compte rendu "n° 1" & suite',
    effective_time=datetime(2026, 1, 2, 3, 4, 5, tzinfo=PARIS),
    service_start=datetime(2026, 1, 1, 8, 0, 0, tzinfo=PARIS),
    recipients=(PersonSpec("801234567896", "DUCOUT", "Elsa"),),
    text="Été : rien à signaler <ok>",
)


# CDA.xsd, POCD_MT000040.ClinicalDocument: the elements that a document of ours holds, in the order of the schema.
@pytest.mark.parametrize("level", ["N1", "N3"])
def test_header_elements_come_in_the_order_of_the_schema(level: str) -> None:
    """With every optional part filled, the children of ClinicalDocument follow the sequence of CDA.xsd."""
    spec = replace(
        SPEC, level=level, replaces="2.25.9", version=2, order=("1.2.3", "CMD1"), accession=("1.2.3", "ACC1")
    )
    names = " ".join(etree.QName(e).localname for e in etree.fromstring(builders.build(spec)))
    assert names == (
        "realmCode typeId templateId templateId templateId id code title effectiveTime confidentialityCode "
        "languageCode setId versionNumber recordTarget author custodian informationRecipient legalAuthenticator "
        "inFulfillmentOf documentationOf relatedDocument componentOf component"
    )


@pytest.mark.parametrize("level", ["N1", "N3"])
def test_built_documents_say_what_they_were_given(level: str) -> None:
    """Reading back gives every resolved value, special characters included."""
    header = reader.read(builders.build(replace(SPEC, level=level, replaces="2.25.9", version=2)))
    assert (header.id.root, header.set_id.root, header.version) == ("2.25.123456789", "2.25.1", "2")
    assert header.replaces == reader.Instance("2.25.9")
    assert (header.code.code, header.code.system, header.title) == ("11490-0", builders.LOINC, SPEC.title)
    assert header.effective_time == "20260102030405+0100"
    assert [(i.root, i.extension) for i in header.patient.ids] == list(SPEC.patient.ids)
    name = header.patient.name
    assert (name.family("BR"), name.given("BR"), name.given()) == ("PAT-TROIS", "DOMINIQUE", "DOMINIQUE MARIE-LOUISE")
    assert (name.family("CL"), name.given("CL")) == ("D'ESSAI", "")
    assert (header.patient.sex.code, header.patient.birth, header.patient.birth_place) == ("F", "19790328", "51215")
    assert header.authors[0].ids[0] == reader.Instance("1.2.250.1.71.4.2.1", "801234567897")
    assert header.authors[0].organisation.name == header.custodian.name == "Hôpital <A> & fils"
    assert [r.ids[0].extension for r in header.recipients] == ["801234567896"]
    assert (header.practice.code, header.facility.code) == ("ETABLISSEMENT", "SA01")
    assert header.acts[0].low == "20260101080000+0100"
    assert header.level == level


@pytest.mark.parametrize("level", ["N1", "N3"])
def test_built_documents_give_no_finding(level: str) -> None:
    """Our rules find nothing in a plain document, but that a structured one without content declares no volet."""
    found = judging.judge(builders.build(replace(SPEC, level=level)), judging.Settings("test"))
    assert {f.code for f in found} <= ({"cda.model.volet", "cda.template.condition"} if level == "N3" else set())


def test_the_same_spec_gives_the_same_bytes() -> None:
    """Building is deterministic, filler included; another uid gives another PDF."""
    spec = replace(SPEC, filler=5000)
    assert builders.build(spec) == builders.build(spec)
    one, other = reader.read(builders.build(spec)), reader.read(builders.build(replace(spec, uid="2.25.2")))
    assert one.body is not None
    assert other.body is not None
    assert one.body.data != other.body.data


def test_filler_makes_the_body_as_big_as_asked() -> None:
    """A filler of a megabyte makes a PDF of a little more than a megabyte."""
    body = reader.read(builders.build(replace(SPEC, filler=1_000_000))).body
    assert body is not None
    assert 1_000_000 < len(body.data) < 1_020_000


def test_a_time_without_offset_is_refused() -> None:
    """A time with an hour needs its offset (Structuration minimale 3.5.7.1)."""
    with pytest.raises(ValueError, match="offset"):
        marks.timestamp(datetime(2026, 1, 1, 8))  # noqa: DTZ001
    assert marks.timestamp(datetime(2026, 7, 1, 8, tzinfo=UTC)) == "20260701080000+0000"


def _changed(old: str, new: str) -> set[str]:
    raw = builders.build(SPEC).decode()
    assert old in raw
    return {f.code for f in judging.judge(raw.replace(old, new, 1).encode())}


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('<id root="2.25.123456789"/>', "", "cda.id.absent"),
        ('root="2.25.123456789"', 'root="2.25.0123"', "cda.id.oid"),
        ('root="2.25.123456789"', f'root="2.25.{"1" * 70}"', "cda.id.oid"),
        ('root="2.25.123456789"', 'root="2.25.1" extension="A1"', "cda.id.extension"),
        ('versionNumber value="1"', 'versionNumber value="0"', "cda.version.number"),
        (' code="11490-0"', "", "cda.coded.incomplete"),
        ("<title>", f"<title>{'x' * 128}", "cda.title.length"),
        ('extension="279035121518989"', 'extension="279035121518988"', "ins.matricule.key"),
        ('<given qualifier="BR">DOMINIQUE</given>', "", "cda.patient.ins-traits"),
        ("<county>51215</county>", "<county>REIMS</county>", "ins.trait.place"),
        ('birthTime value="19790328"', 'birthTime value="19791328"', "cda.time.calendar"),
        ('mediaType="application/pdf"', 'mediaType="application/msword"', "cda.n1.media-type"),
        (' representation="B64"', "", "cda.n1.representation"),
        ('representation="B64">JVBE', 'representation="B64">J*BE', "cda.media.base64"),
        ('representation="B64">JVBE', 'representation="B64">/9j/', "cda.media.type-other"),
    ],
)
def test_one_change_gives_its_finding(old: str, new: str, code: str) -> None:
    """Each single mistake gives the finding meant for it, and no error besides."""
    assert _changed(old, new) == {code}


def test_a_document_that_replaces_itself_is_told() -> None:
    """relatedDocument naming the document's own id is an error; version 1 with a replacement a warning."""
    raw = builders.build(replace(SPEC, replaces=SPEC.uid))
    assert {f.code for f in judging.judge(raw)} == {"cda.version.itself", "cda.version.first"}


def test_an_auto_presentable_document_is_read_inside_its_stylesheet() -> None:
    """A ClinicalDocument inside an xsl:stylesheet is found; other roots are refused with their own code."""
    inner = builders.build(SPEC).split(b"?>\n", 1)[1]
    sheet = b'<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0">' + inner
    assert reader.read(sheet + b"</xsl:stylesheet>").id.root == SPEC.uid
    (finding,) = judging.judge(b"<html/>")
    assert finding.code == "cda.syntax.root"
