"""Rules of the header on a literal document: it is clean, and each single mistake gives the finding meant for it."""

from __future__ import annotations

import time
from datetime import date

import pytest
from header_sample import AS_OF, N1, changed, errors, judged

from conformance.evidence.values import Severity
from conformance.standards.cda import judging
from conformance.standards.cda.document import Settings
from conformance.standards.cda.header import CODES

MEDECIN = "Médecin - Qualifié en Médecine Générale (SM)"
INS = '<id root="1.2.250.1.213.1.4.10" extension="279035121518989"/>'
IPP = '<id root="1.2.3.4.567" extension="IPP0017"/>'
STAMP = '<effectiveTime value="20260102030405+0100"/>'
MINIMAL = '<templateId root="1.2.250.1.213.1.1.1.1"/>'
PARENT = '<id root="2.25.1234567889"/>'
RPLC = """  <relatedDocument typeCode="RPLC">
    <parentDocument><id root="2.25.1234567889"/></parentDocument>
  </relatedDocument>
"""
ENCOUNTER = '<effectiveTime><low value="20260101080000+0100"/><high value="20260101100000+0100"/></effectiveTime>'
NAMES = "<prefix>M</prefix><family>AUGUIN</family>"

# CI-SIS Structuration minimale V1.16 (3.5.5, 3.5.7), its schematron, RNIV; each row: what is written, instead of what.
MISTAKES = [
    # the document
    ('<realmCode code="FR"/>', "", "cda.header.realm"),
    ('<realmCode code="FR"/>', '<realmCode code="US"/>', "cda.header.realm"),
    ("POCD_HD000040", "POCD_HD000020", "cda.header.type-id"),
    ('<templateId root="2.16.840.1.113883.2.8.2.1"/>', "", "cda.model.hl7-france"),
    (MINIMAL, "", "cda.model.minimal"),
    ('<templateId root="1.3.6.1.4.1.19376.1.2.20"/>', "", "cda.model.n1"),
    ("1.3.6.1.4.1.19376.1.2.20", "1.3.6.1.4.1.19376.1.2.21", "cda.model.n1"),
    (MINIMAL, MINIMAL * 2, "cda.model.repeated"),
    ('<id root="2.25.1234567890"/>', "", "cda.id.absent"),
    ('<id root="2.25.1234567890"/>', '<id nullFlavor="UNK"/>', "cda.null.forbidden"),
    ('root="2.25.1234567890"', 'root="urn:oid:2.25.1234567890"', "cda.id.oid"),
    ('root="2.25.1234567890"', 'root="2.25.01234"', "cda.id.oid"),
    ('root="2.25.1234567890"', f'root="2.25.{"1" * 61}"', "cda.id.oid"),
    ('root="2.25.1234567890"', 'root="41DAC707-7C96-47B7-B600-AC63D800"', "cda.id.oid"),
    ('<setId root="2.25.999"/>', "", "cda.set-id.absent"),
    ('code="11502-2" ', 'code="99999-9" ', "cda.type.unknown"),
    ('code="11502-2" ', 'code="11502-2 " ', "cda.coded.blank"),
    ('code="11502-2" codeSystem="2.16.840.1.113883.6.1"', 'code="11502-2"', "cda.coded.incomplete"),
    ("CR d'examens biologiques", "Lettre de liaison à la sortie d'un établissement de soins", "cda.coded.label"),
    ("<title>Compte rendu</title>", "<title/>", "cda.title.absent"),
    ("<title>Compte rendu</title>", f"<title>{'x' * 129}</title>", "cda.title.length"),
    (STAMP, "", "cda.effective-time.absent"),
    (STAMP, '<effectiveTime value="20260102"/>', "cda.effective-time.precision"),
    (STAMP, '<effectiveTime value="2026"/>', "cda.effective-time.precision"),
    (STAMP, '<effectiveTime value="20260102030405"/>', "cda.time.offset"),
    (STAMP, '<effectiveTime value="20260102030405Z"/>', "cda.time.form"),
    (STAMP, '<effectiveTime value="20260102030405+01:00"/>', "cda.time.form"),
    (STAMP, '<effectiveTime value="2026-01-02T03:04:05+01:00"/>', "cda.time.form"),
    (STAMP, '<effectiveTime value="20260231030405+0100"/>', "cda.time.calendar"),
    (STAMP, '<effectiveTime value="20260102250405+0100"/>', "cda.time.calendar"),
    (STAMP, '<effectiveTime value="20260102030405+9900"/>', "cda.time.zone"),
    (STAMP, '<effectiveTime value="20260702030405+0200"/>', "cda.time.future"),
    ('code="N" ', 'code="X" ', "cda.confidentiality.value"),
    ('codeSystem="2.16.840.1.113883.5.25"', 'codeSystem="1.2.250.1.213.1.1.4.999"', "cda.coded.system"),
    ('codeSystem="2.16.840.1.113883.5.25"', 'codeSystem="urn:oid:2.16.840.1.113883.5.25"', "cda.coded.system-oid"),
    ('displayName="Normal"', 'displayName="Restreint"', "cda.coded.label"),
    ('code="fr-FR"', 'code="FR-fr"', "cda.language.value"),
    ('code="fr-FR"', 'code="xxfr-FRxx"', "cda.language.value"),
    ('code="fr-FR"', 'code="fr-FR" displayName="français"', "cda.coded.simple"),
    # versions
    ('<versionNumber value="2"/>', "", "cda.version.absent"),
    ('<versionNumber value="2"/>', '<versionNumber value="0"/>', "cda.version.number"),
    ('<versionNumber value="2"/>', '<versionNumber value="1"/>', "cda.version.first"),
    ('typeCode="RPLC"', 'typeCode="APND"', "cda.version.related"),
    ('<id root="2.25.1234567889"/>', '<id root="2.25.1234567890"/>', "cda.version.itself"),
    ('<id root="2.25.1234567889"/>', "", "cda.version.parent"),
    (RPLC, RPLC + RPLC, "cda.version.several"),
    (PARENT, PARENT + '<setId root="2.25.998"/>', "cda.version.other-set"),
    (PARENT, PARENT + '<versionNumber value="2"/>', "cda.version.parent-version"),
    # the patient
    (INS, INS.replace("8989", "8990"), "ins.matricule.key"),
    (INS, INS.replace("279035121518989", "2 79 03 51 215 189 89"), "ins.matricule.form"),
    (INS, INS.replace("279035121518989", "2790351215189"), "ins.matricule.form"),
    (INS, INS.replace(' extension="279035121518989"', ""), "cda.ident.extension"),
    (INS, INS.replace("1.4.10", "1.4.2"), "cda.patient.ins-c"),
    (INS, INS.replace("1.4.10", "1.4"), "cda.patient.ins-oid"),
    (INS, INS + INS.replace("1.4.10", "1.4.9"), "cda.patient.ins-several"),
    (INS + "\n      " + IPP, "", "cda.patient.id"),
    (INS + "\n      " + IPP, IPP + INS, "cda.patient.ins-first"),
    (IPP, IPP + IPP, "cda.ident.repeated"),
    ('<family qualifier="BR">PAT-TROIS</family>', "", "cda.patient.ins-traits"),
    ('<family qualifier="BR">', '<family qualifier="SP">', "cda.patient.family-qualifier"),
    ('<family qualifier="BR">PAT-TROIS', '<family qualifier="BR">Pat-Troïs', "ins.trait.name"),
    ('<family qualifier="BR">PAT-TROIS', '<family qualifier="BR">', "cda.name.blank"),
    ('<given qualifier="BR">DOMINIQUE', '<given qualifier="BR">ALPHONSE', "ins.trait.first-given"),
    ("DOMINIQUE MARIE-LOUISE", "DOMINIQUE,MARIE-LOUISE", "cda.patient.given-separator"),
    ('<given qualifier="BR">', '<given qualifier="XX">', "cda.patient.given-qualifier"),
    ('code="F" codeSystem="2.16.840.1.113883.5.1"', 'code="Z" codeSystem="2.16.840.1.113883.5.1"', "cda.patient.sex"),
    ('displayName="Féminin"', 'displayName="Masculin"', "cda.coded.label"),
    ('<birthTime value="19790328"/>', "", "cda.patient.birth-absent"),
    ('<birthTime value="19790328"/>', '<birthTime nullFlavor="UNK"/>', "cda.null.forbidden"),
    ('<birthTime value="19790328"/>', '<birthTime value="19790230"/>', "cda.time.calendar"),
    ('<birthTime value="19790328"/>', '<birthTime value="1979-03-28"/>', "cda.time.form"),
    ("<county>51215</county>", "<county>REIMS</county>", "ins.trait.place"),
    ("<county>51215</county>", "<county>5121</county>", "ins.trait.place"),
    ("<place><addr><county>51215</county></addr></place>", "<place/>", "cda.patient.ins-traits"),
    ('<addr use="H">', '<addr use="MAISON">', "cda.address.use"),
    ('<addr use="H">', '<addr use="H">rue B', "cda.address.text"),
    ('value="tel:0144534551"', 'value="TEL:0144534551"', "cda.telecom.form"),
    ('value="tel:0144534551"', 'value="0144534551"', "cda.telecom.form"),
    ('value="tel:0144534551"', 'value="tel:"', "cda.telecom.form"),
    ('value="tel:0144534551"', 'value="tel:01 44 53 45 51"', "cda.telecom.form"),
    ('value="tel:0144534551" use="H"', 'value="tel:0144534551" use="X"', "cda.telecom.use"),
    ('<telecom value="tel:0144534551" use="H"/>', '<telecom nullFlavor="UNK"/>', "cda.null.beside"),
    # actors
    ('code="G15_10/SM26"', 'code="G15_99/SM99"', "cda.actor.specialty"),
    ('code="G15_10/SM26"', 'code="g15_10/sm26"', "cda.actor.specialty"),
    (MEDECIN, "Pharmacien", "cda.coded.label"),
    (f'\n            displayName="{MEDECIN}"', "", "cda.coded.incomplete"),
    ("<prefix>M</prefix>", "<prefix>Monsieur</prefix>", "cda.name.civility"),
    ("<suffix>DR</suffix>", "<suffix>Docteur</suffix>", "cda.name.title"),
    (NAMES, "<prefix>M</prefix>", "cda.name.family"),
    (NAMES, "<prefix>M</prefix><family> </family>", "cda.name.blank"),
    ('classCode="NOK"', 'classCode="PRS"', "cda.header.role"),
    ('code="SIS"', 'code="VOISIN"', "cda.informant.relation"),
    ("<informationRecipient><name><family>DUCOUT</family></name>", "<informationRecipient>", "cda.recipient.name"),
    ('<participant typeCode="INF">', '<participant typeCode="MEDECIN">', "cda.header.role"),
    ('<time><low value="20250101"/></time>', "", "cda.participant.time"),
    # the order, the act, the encounter
    ('<order><id root="1.2.250.1.999.1" extension="CMD1"/></order>', "<order/>", "cda.order.id"),
    ('code="18719-5"', 'code="00000-0"', "cda.coded.syntax"),
    ('code="18719-5"', 'code="18719-4"', "cda.coded.syntax"),
    ('<high value="20260101090000+0100"/>', '<high value="20260101070000+0100"/>', "cda.time.order"),
    ('<low value="20260101080000+0100"/><high value="20260101090000+0100"/>', "", "cda.act.low"),
    (' typeCode="PRF"', "", "cda.act.performer-role"),
    ('code="ETABLISSEMENT"', 'code="HOPITAL"', "cda.structure.practice-setting"),
    ('code="completed"', 'code="active"', "cda.consent.status"),
    ('code="AMB"', 'code="URG"', "cda.encounter.type"),
    ('code="SA01"', 'code="SA999"', "cda.encounter.facility"),
    (ENCOUNTER, "", "cda.encounter.time"),
    (ENCOUNTER, "<effectiveTime/>", "cda.time.absent"),
    (ENCOUNTER, ENCOUNTER.replace("100000+", "108000+"), "cda.time.calendar"),
]  # fmt: skip


def test_the_sample_is_clean() -> None:
    """The literal document gives no finding at all, neither of the header nor of the other rules."""
    assert judged() == ()
    assert judging.judge(N1.encode(), Settings("test", AS_OF)) == ()


@pytest.mark.parametrize(("old", "new", "code"), MISTAKES, ids=[f"{n}-{row[2]}" for n, row in enumerate(MISTAKES)])
def test_one_mistake_gives_its_error(old: str, new: str, code: str) -> None:
    """Each single mistake gives the error meant for it, and no other error."""
    assert errors(changed(old, new)) == [code]


@pytest.mark.parametrize(("old", "new", "code"), MISTAKES, ids=[f"{n}-{row[2]}" for n, row in enumerate(MISTAKES)])
def test_one_mistake_is_told_once_by_all_rules(old: str, new: str, code: str) -> None:
    """With the structure and the templates besides, the same mistake is still one error."""
    found = judging.judge(changed(old, new).encode(), Settings("test", AS_OF))
    assert [f.code for f in found if f.severity is Severity.ERROR] == [code]


@pytest.mark.parametrize(
    ("element", "code"),
    [
        ("recordTarget", "cda.patient.absent"),
        ("author", "cda.author.absent"),
        ("custodian", "cda.custodian.absent"),
        ("legalAuthenticator", "cda.legal.absent"),
        ("documentationOf", "cda.act.absent"),
        ("componentOf", "cda.encounter.absent"),
    ],
)
def test_an_absent_part_is_told_as_such(element: str, code: str) -> None:
    """A mandatory part of the header that is missing is one error, also where the schema refuses it too."""
    start, end = N1.index(f"<{element}>"), N1.index(f"</{element}>") + len(f"</{element}>")
    text = N1[:start] + N1[end:]
    assert errors(text) == [code]
    found = judging.judge(text.encode(), Settings("test", AS_OF))
    assert [f.code for f in found if f.severity is Severity.ERROR] == [code]


# What may be asked about but is no mistake: told, without rejecting the document.
DOUBTS = [
    (RPLC, "", "cda.version.alone"),
    (INS, "", "cda.patient.no-ins"),
    ('<birthTime value="19790328"/>', '<birthTime value="1979"/>', "cda.patient.birth-partial"),
    ('<birthTime value="19790328"/>', '<birthTime value="19550328"/>', "ins.matricule.birth"),
    ('code="F" codeSystem="2.16.840.1.113883.5.1" displayName="Féminin"',
     'code="M" codeSystem="2.16.840.1.113883.5.1" displayName="Masculin"', "ins.matricule.sex"),
    ("<streetName>rue A</streetName>", "<streetAddressLine>rue A</streetAddressLine>", "cda.address.mixed"),
    ('displayName="Médecin traitant"', 'displayName="Médecin traitant déclaré"', "cda.coded.label-near"),
    ('<setId root="2.25.999"/>', '<setId root="2.25.1234567890"/>', "cda.id.as-set"),
    (STAMP, '<effectiveTime value="202601020304+0100"/>', "cda.effective-time.precision"),
    ('<time><low value="20250101"/></time>', '<time><low value="202501"/></time>', "cda.time.month"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "code"), DOUBTS, ids=[row[2] for row in DOUBTS])
def test_what_is_doubtful_is_no_error(old: str, new: str, code: str) -> None:
    """Discussable choices are told as warnings or advice, never as errors."""
    text = changed(old, new)
    assert code in [f.code for f in judged(text)]
    assert errors(text) == []


# Legitimate variants (CI-SIS Structuration minimale; data types release 1).
VARIANTS = [
    (STAMP, '<effectiveTime value="20260102030405-0400"/>'),
    ('root="2.25.1234567890"', 'root="41DAC707-7C96-47B7-B600-AC63D8001234"'),
    ('code="N" codeSystem="2.16.840.1.113883.5.25" displayName="Normal"',
     'code="R" codeSystem="2.16.840.1.113883.5.25" displayName="Restreint"'),
    ('displayName="Normal"', 'displayName="normal "'),
    ('displayName="Féminin"', 'displayName="FEMININ"'),
    ('<family qualifier="CL">UTILISE</family>', ""),
    (ENCOUNTER, '<effectiveTime nullFlavor="UNK"/>'),
    ('extension="801234567897"', 'extension="0751234567"'),
    ('extension="1750803447"', 'extension="318751275100020"'),
    ('<telecom value="mailto:279035121518989@patient.mssante.fr"/>', ""),
    ("<county>51215</county>", "<county>2A004</county>"),
    ("<county>51215</county>", "<county>99999</county>"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new"), VARIANTS)
def test_legitimate_variants_give_nothing(old: str, new: str) -> None:
    """Variants that the CI-SIS admits give no finding."""
    assert judged(changed(old, new)) == ()


def test_a_professional_of_the_author_needs_a_published_number() -> None:
    """The id of an author, mapped to XDS, must have a form of PS_IdNat; elsewhere a number of nearly the form warns."""
    bare = N1.replace('extension="801234567897"', 'extension="01234567897"')
    found = [(f.location.path, f.severity) for f in judged(bare) if f.code == "cda.ident.professional"]
    strict = {path.split("/")[2] for path, severity in found if severity is Severity.ERROR}
    assert strict == {"author", "informationRecipient"}
    assert len(found) == 7
    assert "cda.ident.professional" in errors(N1.replace('extension="801234567897"', 'extension="DR-MARTIN"'))


def test_the_environment_decides_which_oid_is_expected() -> None:
    """A production OID where the channel is declared as test is a warning, nothing when nothing is declared."""
    text = changed("1.2.250.1.213.1.4.10", "1.2.250.1.213.1.4.8")
    assert [f.code for f in judged(text)] == ["ins.oid.environment"]
    assert judged(text, Settings()) == ()


def test_without_a_day_only_dates_decades_ahead_are_wrong() -> None:
    """Without a day of judgement, a birth in 2099 is still refused: it is decades after the document."""
    text = changed('birthTime value="19790328"', 'birthTime value="20990101"')
    codes = {f.code for f in judged(text, Settings("test")) if f.severity is Severity.ERROR}
    assert codes == {"cda.time.future", "cda.patient.birth-after"}
    assert errors(changed(STAMP, '<effectiveTime value="20260531030405+0200"/>')) == []
    assert (
        judged(changed(STAMP, '<effectiveTime value="20300531030405+0200"/>'), Settings("test", date(2031, 1, 1))) == ()
    )


def test_findings_are_bounded_and_cite_their_clause() -> None:
    """A hostile header gives at most 200 findings; each names its place, its line and a clause."""
    many = changed("<informant>", "".join(f'<informant n="{n}"/>' for n in range(500)) + "<informant>")
    found = judged(many)
    assert len(found) == 200
    one = next(f for f in judged(changed('code="fr-FR"', 'code="fr"')))
    assert one.location.path == "/ClinicalDocument/languageCode/@code"
    assert one.location.line == 13
    assert CODES[one.code].clause == "CI-SIS Structuration minimale, 3.5.5.9"
    (null,) = judged(changed('<setId root="2.25.999"/>', '<setId nullFlavor="UNK"/>'))
    assert null.clause == "CI-SIS Structuration minimale, 3.5.5.10"


def test_a_crowd_of_elements_is_told_and_not_walked() -> None:
    """Thousands of identifiers under one patient are told once; judging them stays linear."""
    many = changed(IPP, "".join(IPP.replace("IPP0017", f"IPP{n}") for n in range(20_000)))
    start = time.perf_counter()
    assert errors(many) == ["cda.header.crowd"]
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize(
    ("volet", "version", "severity"),
    [
        ("1.2.250.1.213.1.1.1.45", "2024.01", None),
        ("1.2.250.1.213.1.1.1.45", "2019.99", Severity.ERROR),
        ("1.2.250.1.213.1.1.1.45", "2031.01", Severity.WARNING),
        ("1.2.250.1.213.1.1.1.45", "", Severity.WARNING),
        ("1.2.250.1.213.1.1.1.999", "2024.01", Severity.ERROR),
    ],
)
def test_the_volet_and_its_version_are_published_ones(volet: str, version: str, severity: Severity | None) -> None:
    """An unknown volet or version is an error; a version later than all known ones, or none, only a warning."""
    start, end = N1.index("<component>"), N1.index("</ClinicalDocument>")
    body = "<component><structuredBody><component><section/></component></structuredBody></component>"
    text = (N1[:start] + body + N1[end:]).replace(
        'root="1.3.6.1.4.1.19376.1.2.20"', f'root="{volet}"' + (f' extension="{version}"' if version else "")
    )
    text = text.replace('code="11502-2"', 'code="18748-4"').replace(
        "CR d'examens biologiques", "CR d'imagerie médicale"
    )
    found = [f.severity for f in judged(text) if f.code.startswith("cda.model.")]
    assert found == ([] if severity is None else [severity])
