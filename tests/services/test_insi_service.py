"""The INSi of the bench, spoken to by zeep, by openssl and by literal SOAP."""

from __future__ import annotations

import http.client
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import zeep.exceptions
from insi_client import InsiClient, headers, individual, soap, traits, zeep_client

from conformance.bench.lab import Job, Lab
from conformance.bench.pki import Identity, Pki, export
from conformance.bench.target import Target, Timing, Vendor
from conformance.errors import InternalError
from conformance.evidence.values import Direction, Exchange, Observation
from conformance.services import make
from conformance.services.insi import InsiService
from conformance.standards.observe import observe

TARGET = Target(Vendor("V", "P", "1"), "RI", ("va1",), timing=Timing(settle=0.2, settle_max=5.0))
ZOE = {"NomNaissance": "ADRUN", "Prenom": ["ZOE"], "Sexe": "F", "DateNaissance": "1975-12-31"}


class Bench:
    """A laboratory, what it recorded, and clients of its INSi."""

    def __init__(self, lab: Lab, pki: Pki, folder: Path, kept: list[Exchange]) -> None:
        self.lab, self.pki, self.folder, self.kept = lab, pki, folder, kept
        self.identity = pki.client("INSI-AUTO")

    @property
    def url(self) -> str:
        """Where it is."""
        return self.lab.addresses()["insi"]

    def client(self, identity: Identity | None = None) -> InsiClient:
        """Raw HTTPS, with the software certificate unless another is given."""
        return InsiClient(self.url, self.pki, self.folder, identity or self.identity)

    def zeep(self) -> zeep.Client:
        """zeep, with the software certificate."""
        return zeep_client(self.url, self.pki, self.folder, self.identity)

    def environment(self, *people: dict[str, str], **settings: str) -> None:
        """Settings in force from now on, and persons put in the base first."""

        async def drive(d: Any) -> None:
            for number, told in enumerate(people):
                await d.instruct("insi", "person", name=f"p{number}", **told)

        wanted = {f"insi.{k.replace('_', '-')}": v for k, v in settings.items()}
        assert self.lab.window([Job("j", drive)], wanted).done["j"].fault is None

    def seen(self) -> list[Observation]:
        """What was recorded, decoded."""
        return [observe(e) for e in self.kept if e.channel == "insi"]


@contextmanager
def opened(pki: Pki, folder: Path) -> Iterator[Bench]:
    kept: list[Exchange] = []
    with Lab(TARGET, make(TARGET), kept.append, pki) as lab:
        yield Bench(lab, pki, folder, kept)


@pytest.fixture
def bench(pki: Pki, tmp_path: Path) -> Iterator[Bench]:
    """A fresh INSi, with the test persons alone."""
    with opened(pki, tmp_path) as made:
        yield made


def person(matricule: str, given: str, place: str = "63220", **more: str) -> dict[str, str]:
    """Somebody of the HOMONYME family, born on the same day as the others."""
    told = {"family": "HOMONYME", "given": given, "sex": "F", "birth": "19800229", "place": place}
    return {**told, "matricule": matricule, **more}


def test_zeep_finds_a_test_person(bench: Bench) -> None:
    """A third-party client built from a WSDL finds ADRUN ZOE: matricule split in two, production OID, ListePrenom."""
    answer = bench.zeep().service.rechercherInsAvecTraitsIdentite(**ZOE, _soapheaders=headers())
    assert (answer.CR.CodeCR, answer.CR.LibelleCR) == ("00", "OK")
    active = answer.INDIVIDU.INSACTIF
    assert (active.IdIndividu.NumIdentifiant, active.IdIndividu.Cle) == ("2751263220749", "74")
    assert active.OID == "1.2.250.1.213.1.4.8"
    told = answer.INDIVIDU.TIQ
    assert (told.NomNaissance, told.ListePrenom, told.Sexe) == ("ADRUN", "ZOE", "F")
    assert (told.DateNaissance, told.LieuNaissance, told.Prenom) == ("1975-12-31", "63220", None)
    request, said = bench.seen()
    assert (request.kind, said.kind) == ("insi-request", "insi-answer")
    assert [f.code for f in request.findings] == []
    assert request.value.request.given == ("ZOE",)
    assert ("traits", "ADRUN^1975-12-31") in request.keys
    assert (said.value.operation, said.value.code) == ("search-traits", "00")
    assert said.value.found.ins.matricule == "275126322074974"
    assert bench.lab.counter("insi", "search-traits") == 1


@pytest.mark.parametrize("style", ["default", "prefixed", "mixed"])
def test_zeep_reads_every_style(bench: Bench, style: str) -> None:
    """Prefixes vary from an answer to the next on the real service: each style says the same to a client."""
    bench.environment(style=style)
    answer = bench.zeep().service.rechercherInsAvecTraitsIdentite(**ZOE, _soapheaders=headers())
    assert answer.INDIVIDU.INSACTIF.IdIndividu.NumIdentifiant == "2751263220749"
    assert bench.seen()[-1].value.found.traits.given == "ZOE"


def test_unknown_first_name_and_former_matricules(bench: Bench) -> None:
    """TCHITCHI OLA gives 01 as on the test platform, CATARINA 00; ECETINSI comes with its two former matricules."""
    client = bench.client()
    assert client.search("TCHITCHI", "OLA", "F", "1936-06-21").text("CodeCR") == "01"
    assert client.search("TCHITCHI", "CATARINA", "F", "1936-06-21").text("ListePrenom") == "CATARINA BELLA"
    answer = client.search("ECETINSI", "PIERRE-ALAIN", "M", "2009-07-14")
    assert answer.texts("NumIdentifiant") == ["1090763220834", "2090763220834", "2090663220123"]
    assert answer.text("ListePrenom") == "PIERRE-ALAIN MURIEL FLORIANT"


def test_several_then_one_as_more_is_told(bench: Bench) -> None:
    """Homonyms give 02; a further prénom, then the birthplace, leaves one."""
    bench.environment(
        person("280027512300133", "ANNE LOUISE"),
        person("280027512300230", "ANNE MARIE"),
        person("280027512300327", "ANNE MARIE", place="13055"),
    )
    search = bench.zeep().service.rechercherInsAvecTraitsIdentite
    told = {"NomNaissance": "HOMONYME", "Sexe": "F", "DateNaissance": "1980-02-29"}
    assert search(**told, Prenom=["ANNE"]).CR.CodeCR == "02"
    assert search(**told, Prenom=["ANNE", "LOUISE"]).INDIVIDU.INSACTIF.IdIndividu.Cle == "33"
    assert search(**told, Prenom=["ANNE", "MARIE"]).CR.CodeCR == "02"
    assert search(**told, Prenom=["ANNE", "MARIE"], LieuNaissance="13055").INDIVIDU.INSACTIF.IdIndividu.Cle == "27"
    assert search(**told, Prenom=["LOUISE"]).CR.CodeCR == "01"


def test_zeep_searches_by_card(bench: Bench) -> None:
    """By the beneficiary's number; a child without number by the holder's, the birth date and the rank."""
    bench.environment(person("280027512300133", "ANNE", holder="1500175123456", rank="2"))
    search = bench.zeep().service.rechercherInsAvecCarteVitale
    assert search(MatriculeIndividu={"NumIdentifiant": "2751263220749", "Cle": "74"}).INDIVIDU.TIQ.ListePrenom == "ZOE"
    holder = {"NumIdentifiant": "1500175123456"}
    found = search(MatriculeOD=holder, DateNaissance="1980-02-29", RangNaissance="2")
    assert found.INDIVIDU.INSACTIF.IdIndividu.NumIdentifiant == "2800275123001"
    assert search(MatriculeOD=holder, DateNaissance="1980-02-29", RangNaissance="1").CR.CodeCR == "01"
    assert search(MatriculeIndividu={"NumIdentifiant": "2751263220749"}, NomNaissance="AUTRE").CR.CodeCR == "01"
    assert bench.lab.counter("insi", "search-card") == 4
    assert ("patient", "275126322074974") in bench.seen()[1].keys


@pytest.mark.parametrize(
    ("changed", "outcome"),
    [
        ({}, "OK"),
        ({"LieuNaissance": ""}, "OK"),
        ({"oid": "1.2.250.1.213.1.4.10"}, "OK"),
        ({"NomNaissance": "ADRUM"}, "KO"),
        ({"ListePrenom": "ZOE ANNE"}, "KO"),
        ({"Sexe": "M"}, "KO"),
        ({"DateNaissance": "1975-12-30"}, "KO"),
        ({"LieuNaissance": "75056"}, "KO"),
        ({"matricule": "275126322074973"}, "KO"),
        ({"oid": "1.2.250.1.213.1.4.9"}, "KO"),
    ],
)
def test_a_verification_confirms_all_or_nothing(bench: Bench, changed: dict[str, str], outcome: str) -> None:
    """OK when the INS and every trait told are those of one person, KO when any of them is not."""
    assert bench.client().verify(individual(**changed)).text("CodeCR") == outcome
    request, said = bench.seen()
    assert request.value.operation == "verify"
    assert said.value.code == outcome
    assert said.value.answer.ok is (outcome == "OK")


def test_mass_verification_at_once_and_later(bench: Bench) -> None:
    """Outcomes come with the references of the request, at once or when they are asked for again."""
    people = (individual(Reference="a"), individual(Reference="b", NomNaissance="X"))
    now = bench.client().verify(*people)
    assert (now.text("Etat"), now.texts("Reference")) == ("TERMINE", ["a", "b"])
    assert now.texts("CodeCR") == ["OK", "KO"]
    bench.environment(batch="later")
    receipt = bench.client().verify(*people)
    assert (receipt.text("Etat"), receipt.texts("CodeCR")) == ("EN_COURS", [])
    again = (
        f'<RequeteResultat xmlns="http://www.cnamts.fr/INSiLot2/REQMasse"><IdLot>{receipt.text("IdLot")}</IdLot>'
        "</RequeteResultat>"
    )
    polled = [bench.client().post(soap(again)) for _ in range(2)]
    assert [p.text("Etat") for p in polled] == ["EN_COURS", "TERMINE"]
    assert polled[1].texts("CodeCR") == ["OK", "KO"]
    unknown = bench.client().post(soap(again.replace(receipt.text("IdLot"), "LOT999")))
    assert unknown.status == 400
    assert "Lot inconnu" in unknown.body.decode()
    batches = [o.value for o in bench.seen() if o.kind == "insi-answer" and o.value.operation == "verify-batch"]
    assert [[r.ok for r in b.answer.results] for b in batches] == [[True, False], []]


@pytest.mark.parametrize(
    ("setting", "name", "value"),
    [
        ("01", "CodeCR", "01"),
        ("02", "CodeCR", "02"),
        ("empty-name", "NomNaissance", ""),
        ("empty-given", "ListePrenom", ""),
        ("empty-sex", "Sexe", ""),
        ("lunar-day", "DateNaissance", "1975-12-00"),
        ("lunar-month", "DateNaissance", "1975-00-31"),
        ("lunar-date", "DateNaissance", "1975-00-00"),
        ("other-person", "NomNaissance", "AUTREPERSONNE"),
    ],
)
def test_answers_that_a_system_must_beware_of(bench: Bench, setting: str, name: str, value: str) -> None:
    """Each setting of `answer` changes just that; a request that quotes `spare` gets the natural answer."""
    bench.environment(answer=setting, spare="CATARINA")
    assert bench.client().search().text(name) == value
    assert bench.client().search("TCHITCHI", "CATARINA", "F", "1936-06-21").text("NomNaissance") == "TCHITCHI"
    assert bench.kept[-3].facts["answer"] == setting


def test_combined_settings_and_first_names(bench: Bench) -> None:
    """Settings join; no place leaves the element out; prénoms may come in Prenom too, or in Prenom alone."""
    bench.environment(answer="empty-name+empty-sex+no-place", given_field="both")
    answer = bench.client().search()
    assert (answer.text("NomNaissance"), answer.text("Sexe"), answer.texts("LieuNaissance")) == ("", "", [])
    bench.environment(given_field="both", oid="1.2.250.1.213.1.4.10")
    answer = bench.client().search("ECETINSI", "PIERRE-ALAIN", "M", "2009-07-14")
    assert (answer.text("Prenom"), answer.text("ListePrenom")) == ("PIERRE-ALAIN", "PIERRE-ALAIN MURIEL FLORIANT")
    assert set(answer.texts("OID")) == {"1.2.250.1.213.1.4.10"}
    bench.environment(given_field="first")
    answer = bench.client().search("NESSI", "MICHELANGELO", "M", "2010-08-07")
    assert (answer.text("Prenom"), answer.texts("ListePrenom")) == ("MICHELANGELO ANTHONY", [])


def test_verification_made_to_fail_or_to_succeed(bench: Bench) -> None:
    """`verification` ko and ok hold whatever the base says."""
    bench.environment(verification="ko")
    assert bench.client().verify(individual()).text("CodeCR") == "KO"
    bench.environment(verification="ok")
    assert bench.client().verify(individual(NomNaissance="X")).text("CodeCR") == "OK"


def test_zeep_raises_the_faults(bench: Bench) -> None:
    """A refusal is a SOAP 1.2 fault with the code and the siram:Erreur of the real one; the facts name it."""
    bench.environment(fault="refused")
    with pytest.raises(zeep.exceptions.Fault) as raised:
        bench.zeep().service.rechercherInsAvecTraitsIdentite(**ZOE, _soapheaders=headers())
    assert raised.value.code.endswith("Sender")
    assert [str(s).rpartition("}")[2] for s in raised.value.subcodes or ()] == ["siram_100"]
    error = raised.value.detail[0]
    assert error.tag == "{urn:siram}Erreur"
    assert (error.get("code"), error.get("severite")) == ("desir_550", "erreur")
    said = bench.seen()[-1].value
    assert (said.code, said.fault, said.status) == ("fault", "refused", 400)
    assert (said.answer.error, said.answer.subcode) == ("desir_550", "siram_100")


@pytest.mark.parametrize(
    ("fault", "status"), [("soap-fault", 500), ("bad-certificate", 400), ("unavailable", 503), ("garbage", 200)]
)
def test_other_faults(bench: Bench, fault: str, status: int) -> None:
    """Each fault touches the operations of `on` alone, and is told in the facts."""
    bench.environment(fault=fault, on="search-traits")
    assert bench.client().search().status == status
    assert bench.seen()[-1].value.fault == fault
    assert bench.client().verify(individual()).text("CodeCR") == "OK"


def test_a_cut_answer(bench: Bench) -> None:
    """Half an answer goes, the connection closes, and the observation has no answer but the fault."""
    bench.environment(fault="cut")
    with pytest.raises(http.client.IncompleteRead):
        bench.client().search()
    said = bench.seen()[-1].value
    assert (said.fault, said.answer, said.status) == ("cut", None, 200)


def test_software_certificate_or_assertion(bench: Bench) -> None:
    """Without an assertion only INSI-AUTO and INSI-MANU are served when callers must be known; by default all are."""
    other = bench.pki.client("LOGICIEL QUELCONQUE")
    assert bench.client(other).search().text("CodeCR") == "00"
    (request, _) = bench.seen()
    assert (request.value.mode, request.value.common_name) == ("certificate", "LOGICIEL QUELCONQUE")
    assert [f.code for f in request.findings] == ["insi.caller.certificate"]
    bench.environment(caller="required")
    refused = bench.client(other).search()
    assert refused.status == 400
    assert b"desir_560" in refused.body
    assert bench.client(bench.pki.client("INSI-MANU")).search().text("CodeCR") == "00"


def test_openssl_needs_a_certificate(bench: Bench, tmp_path: Path) -> None:
    """openssl s_client gets an answer with a client certificate of the bench, and none without."""
    openssl = shutil.which("openssl")
    assert openssl, "openssl is needed by this test"
    where = bench.url.split("/")[2]
    anchors = tmp_path / "a.pem"
    anchors.write_bytes(bench.pki.anchors_pem)
    body = soap(traits())
    request = (
        f"POST /lps HTTP/1.1\r\nHost: {where}\r\nConnection: close\r\nContent-Type: application/soap+xml\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body
    command = [openssl, "s_client", "-connect", where, "-CAfile", str(anchors), "-quiet", "-verify_return_error"]

    def speak(*more: str) -> bytes:
        return subprocess.run([*command, *more], input=request, capture_output=True, timeout=15, check=False).stdout

    assert b"2751263220749" not in speak()
    certificate, key = (str(p) for p in export(tmp_path, "openssl", bench.identity))
    assert b"2751263220749" in speak("-cert", certificate, "-key", key)
    failures = [e.facts.get("failure") for e in bench.kept if "failure" in e.facts]
    assert failures == ["tls"]


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b"", "illisible"),
        (b"<not-soap/>", "illisible"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "illisible"),
        (soap("<autre/>"), "inconnue"),
        (soap(traits(name="")), "incomplets"),
        (soap(traits()).replace(b"2003/05/soap-envelope", b"x"), "illisible"),
    ],
)
def test_hostile_requests_are_refused_and_kept(bench: Bench, body: bytes, word: str) -> None:
    """What is no request of INSi gets a SOAP fault, and the next request its answer."""
    answer = bench.client().post(body)
    assert answer.status == 400
    assert word in answer.body.decode()
    assert bench.client().search().text("CodeCR") == "00"
    assert bench.kept[0].direction is Direction.FROM_VENDOR


def test_persons_come_and_go(bench: Bench) -> None:
    """A person is found once declared, changed when declared again, gone when forgotten and when a run begins."""
    matricule = "280027512300133"
    bench.environment(person(matricule, "ANNE"))
    client = bench.client()

    def found() -> list[str]:
        return client.search("HOMONYME", "ANNE", "F", "1980-02-29").texts("LieuNaissance")

    assert found() == ["63220"]
    bench.environment(person(matricule, "ANNE", place="13055", history="180027512300189^^1980-02-29^1999-01-01"))
    assert found() == ["13055"]
    assert client.verify(individual(matricule, NomNaissance="HOMONYME", ListePrenom="ANNE",
        DateNaissance="1980-02-29", LieuNaissance="13055")).text("CodeCR") == "OK"  # fmt: skip

    async def forget(d: Any) -> None:
        await d.instruct("insi", "forget", name="f", matricule=matricule)

    bench.lab.window([Job("j", forget)], {})
    assert found() == []
    instructions = [o for o in bench.seen() if o.kind == "instruction"]
    assert len(instructions) == 3


@pytest.mark.parametrize(
    "settings",
    [{"answer": "03"}, {"answer": "empty-name+x"}, {"verification": "maybe"}, {"fault": "xds-error"}, {"style": "x"}],
)
def test_settings_that_do_not_exist_are_ours(settings: dict[str, str]) -> None:
    """A setting that the service does not have is a fault of the tool, not silently nothing."""
    with pytest.raises(InternalError, match=r"bench\.unknown-setting"):
        InsiService().configure(settings)
