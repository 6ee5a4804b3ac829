"""Each defect changes exactly its behaviour: the defect shows where it must, and its permitted twin does not change."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from reference_messages import CORSICAN, INS, N3, OID, cda, fresh, fresh_oid, message
from reference_peers import FAILURE, Peers, wait_for
from reference_runner import Reference

from conformance.reference.defects import DEFECTS as ALL
from conformance.reference.defects.documents import DEFECTS
from conformance.reference.rules import Behaviour

OTHER_INS = "110086322083060"
SECRET = "urn:oasis:names:tc:xspa:1.0:resource:patient:hl7:confidentiality-code"
CONFIDENTIALITY = "urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f"

Facts = dict[str, Any]


def scenario(process: Reference, peers: Peers) -> Facts:
    """A fixed sequence of messages that touches every decision; what was heard, in comparable form."""
    peers.reset()
    facts: Facts = {}

    def ask(label: str, raw: bytes) -> None:
        control = raw.split(b"|")[9].decode()
        answer = process.ask(raw)
        found = re.search(r"\rMSA\|(\w\w)\|(\w+)", answer)
        assert found is not None
        facts[f"ack {label}"] = found[1]
        facts[f"msa-2 {label}"] = found[2] == control

    def settle() -> None:
        wait_for(lambda: process.admin(op="state")["state"]["working"] == 0)

    masked, structured, flat, corsican = (fresh_oid() for _ in range(4))
    controls = {label: fresh() for label in ("masked", "oru", "corsican", "refused")}
    order = ORDER.format(control=fresh()).encode()
    laboratory = message(cda(fresh_oid()), event="R01", flags="").replace(b"ORU^R01^ORU_R01", b"OUL^R22^OUL_R22")
    secret = "DESTDMP MASQUE_PS INVISIBLE_PATIENT CONNEXION_SECRETE ACK_RECEPTION"
    ask("masked", message(cda(masked), flags=secret, control=controls["masked"]))
    settle()
    both = message(cda(structured, body=N3), cda(flat), event="R01", control=controls["oru"])
    ask("oru", both)
    settle()
    own = message(cda(corsican, ins=CORSICAN), ins=CORSICAN, control=controls["corsican"])
    ask("corsican", own)
    settle()
    ask("replacement", message(cda(fresh_oid(), replaced=masked), event="T10", status="C", order="RO", flags=""))
    ask("incoherent", message(cda(fresh_oid()), order="CA", flags=""))
    ask("oul", laboratory.replace(b"2.1^CISIS_CDA_HL7_V2", b"1.2^CISIS_CDA_HL7_V1"))
    ask("order", order)
    peers.dmp.answers["Provide"] = lambda asked: FAILURE
    ask("refused", message(cda(fresh_oid()), control=controls["refused"]))
    settle()
    for label, unique_id in {"masked": masked, "n3": structured, "n1": flat, "corsican": corsican}.items():
        heard = [a for a in peers.dmp.of("Provide") if a.external("XDSDocumentEntry.uniqueId") == unique_id]
        facts[f"fed {label}"] = len(heard)
        for asked in heard:
            facts[f"codes {label}"] = asked.codes(CONFIDENTIALITY)
            facts[f"secret {label}"] = len(asked.attribute(SECRET))
            facts[f"created {label}"] = len("".join(asked.slot("creationTime"))) > 0
            facts[f"patient {label}"] = asked.external("XDSDocumentEntry.patientId")
    for label, control in controls.items():
        zams = [z for z in peers.returns.heard if f"AckMetierZAM|{control}|" in z]
        facts[f"return {label}"] = [z.partition(f"{control}|")[2][0] for z in zams]
    facts["access"] = len(peers.dmp.of("setAuthorization"))
    facts["returns"] = len(peers.returns.heard)
    return facts


ORDER = (
    f"MSH|^~\\&|RIS-Y|O|PFI-Y|O|202601101300||ORM^O01^ORM_O01|{{control}}|P|2.5|||||FRA|UNICODE UTF-8\r"
    f"PID|||{INS}^^^ASIP-SANTE-INS-NIR&{OID}&ISO^INS||PAT-TROIS^DOMINIQUE^^^^^L||19790328|F\rPV1|1|O\rORC|NW|1\r"
)
"""An order with a patient and no document."""

LABELS = ("masked", "oru", "corsican", "replacement", "incoherent", "oul", "order", "refused")
SOUND: Facts = {
    "ack oul": "AA",
    "ack order": "AA",
    "access": 0,
    "ack masked": "AA",
    "ack oru": "AA",
    "ack corsican": "AA",
    "ack replacement": "AA",
    "ack incoherent": "AE",
    "ack refused": "AA",
    **{f"msa-2 {label}": True for label in LABELS},
    "fed masked": 1,
    "codes masked": ["N", "MASQUE_PS", "INVISIBLE_PATIENT"],
    "secret masked": 1,
    "created masked": True,
    "patient masked": f"{INS}^^^&{OID}&ISO^NH",
    "fed n3": 0,
    "fed n1": 1,
    "codes n1": ["N"],
    "secret n1": 0,
    "created n1": True,
    "patient n1": f"{INS}^^^&{OID}&ISO^NH",
    "fed corsican": 1,
    "codes corsican": ["N"],
    "secret corsican": 0,
    "created corsican": True,
    "patient corsican": f"{CORSICAN}^^^&{OID}&ISO^NH",
    "return masked": ["Y"],
    "return oru": ["Y"],
    "return corsican": ["Y"],
    "return refused": ["N"],
    "returns": 4,
}
GONE = object()
CHANGES: dict[str, Facts] = {
    "masque-ps-lost": {"codes masked": ["N", "INVISIBLE_PATIENT"]},
    "secret-connection-lost": {"secret masked": 0},
    "masked-report-refused": {
        "ack masked": "AE",
        "fed masked": 0,
        "codes masked": GONE,
        "secret masked": GONE,
        "created masked": GONE,
        "patient masked": GONE,
        "return masked": [],
        "returns": 3,
    },
    "oru-not-fed": {
        "fed n1": 0,
        "codes n1": GONE,
        "secret n1": GONE,
        "created n1": GONE,
        "patient n1": GONE,
        "return oru": [],
        "returns": 3,
    },
    "n3-fed-instead-of-n1": {
        "fed n1": 0,
        "codes n1": GONE,
        "secret n1": GONE,
        "created n1": GONE,
        "patient n1": GONE,
        "fed n3": 1,
        "codes n3": ["N"],
        "secret n3": 0,
        "created n3": True,
        "patient n3": f"{INS}^^^&{OID}&ISO^NH",
    },
    "incoherent-accepted": {"ack incoherent": "AA"},
    "replacement-refused": {"ack replacement": "AE"},
    "ack-of-previous-message": {**{f"msa-2 {label}": False for label in LABELS[1:]}},
    "failure-not-returned": {"return refused": [], "returns": 3},
    "return-without-reference": {f"return {label}": [] for label in ("masked", "oru", "corsican", "refused")},
    "corsican-matricule-altered": {"patient corsican": f"180032002040123^^^&{OID}&ISO^NH"},
    "oul-refused": {"ack oul": "AE"},
    "dmp-submission-without-creation-time": {f"created {label}": False for label in ("masked", "n1", "corsican")},
    "access-request-before-feeding": {"access": 4},
    "orm-refused": {"ack order": "AE"},
    "previous-patient-ins": {"patient corsican": f"{INS}^^^&{OID}&ISO^NH"},
}


def test_without_defect_the_platform_is_sound(reference: Reference, peers: Peers) -> None:
    """The scenario of these tests gives the facts that the volet and the mapping ask for."""
    assert scenario(reference, peers) == SOUND


@pytest.mark.parametrize("name", [d.name for d in DEFECTS])
def test_a_defect_changes_exactly_its_behaviour(
    reference: Reference, start: Callable[..., Reference], peers: Peers, name: str
) -> None:
    """With one defect the facts of the scenario change as written here, and no other does."""
    expected = {k: v for k, v in {**SOUND, **CHANGES[name]}.items() if v is not GONE}
    restart = next(d.restart for d in DEFECTS if d.name == name)
    process = start(name) if restart else reference
    if not restart:
        assert process.admin(op="defects", names=[name]) == {"ok": True, "defects": [name]}
    assert scenario(process, peers) == expected


def test_previous_patient_needs_another_patient_before(start: Callable[..., Reference], peers: Peers) -> None:
    """previous-patient-ins takes the last *other* patient, in both directions."""
    process = start("previous-patient-ins")
    for ins in (INS, OTHER_INS, OTHER_INS, INS):
        process.ask(message(cda(fresh_oid(), ins=ins), ins=ins, flags="DESTDMP"))
        wait_for(lambda: process.admin(op="state")["state"]["working"] == 0)
    fed = [a.external("XDSDocumentEntry.patientId")[:15] for a in peers.dmp.of("Provide")]
    assert fed == [INS, INS, INS, OTHER_INS]


def test_two_defects_at_once_both_show(start: Callable[..., Reference], peers: Peers) -> None:
    """Defects given together on the command line each change their own decision."""
    process = start("masque-ps-lost", "failure-not-returned")
    names = ("masque-ps-lost", "failure-not-returned")
    assert scenario(process, peers) == {**SOUND, **CHANGES[names[0]], **CHANGES[names[1]]}


def test_there_are_sixteen_and_every_decision_is_replaced() -> None:
    """Sixteen defects, sixteen names; each decision has one; two need a restart; each has its sentences."""
    assert len(DEFECTS) == len({d.name for d in DEFECTS}) == 16
    assert {d.replaces for d in DEFECTS} == set(Behaviour.__dataclass_fields__)
    assert sum(d.restart for d in DEFECTS) >= 2
    assert all(d.fr.endswith(".") and d.en.endswith(".") and d.fr != d.en for d in DEFECTS)


def test_the_defects_are_listed_as_json() -> None:
    """`--list-defects --json` gives name, owner, sentences and restart, a line an owner, those of documents first."""
    command = [sys.executable, "-m", "conformance.reference", "--list-defects", "--json"]
    rows = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert [(r["name"], r["key"]) for r in rows] == [(d.name, key) for d in ALL for key in d.keys]
    rows = rows[: len(CHANGES)]
    assert {r["name"] for r in rows} == set(CHANGES)
    assert {tuple(sorted(r)) for r in rows} == {("en", "fr", "key", "name", "restart")}
    owners = [r["key"] for r in rows]
    assert {k: owners.count(k) for k in owners} == {
        "PFI/va1/INTRA/va1.01": 3,
        "PFI/va1/DMP/va1.01": 2,
        "PFI/va2/CDA/HL7.01": 3,
        "PFI/va2/CDA/HL7.02": 2,
        "PFI/va1/INS/va1.16": 3,
        "PFI/va1/INTRA/va1.02": 1,
        "PFI/va1/DMP/va1.08": 1,
        "PFI/va2/DMP/CONF.05": 1,
    }


@pytest.mark.corpus
def test_owners_are_requirements_of_the_catalogue(shared: Path) -> None:
    """Every owner is a row that the published catalogue has for its DSR, in its wave."""
    rows = json.loads((shared / "referentiel" / "exigences.json").read_text(encoding="utf-8"))
    known = {(dsr, r["wave"], r["id"]) for r in rows for dsr in r["rem"]}
    assert [d.name for d in ALL if tuple(d.key.split("/", 2)) not in known] == []
