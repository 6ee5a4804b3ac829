"""The DMP of the bench, spoken to over HTTPS by a client of the tests."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from dmp_client import APPROVED, FIND_DOCUMENTS, GET_DOCUMENTS, PATIENT, ROOT, DmpClient, soap, submission

from conformance.bench.lab import Job, Lab, Window
from conformance.bench.pki import Pki
from conformance.bench.target import Listen, Target, Timing, Vendor
from conformance.evidence.values import Direction, Exchange
from conformance.services import http as http_service
from conformance.services import make
from conformance.standards.xds.observe import observe

TARGET = Target(Vendor("V", "P", "1"), "PFI", ("va1",), timing=Timing(settle=0.2, settle_max=5.0))


class Bench:
    """A laboratory, what it recorded, and clients of its DMP."""

    def __init__(self, lab: Lab, pki: Pki, folder: Path, kept: list[Exchange]) -> None:
        self.lab, self.pki, self.folder, self.kept = lab, pki, folder, kept

    def client(self, *, certificate: bool = True) -> DmpClient:
        url = self.lab.addresses()["dmp"]
        return DmpClient(url, self.pki, self.folder, self.pki.client("PFI DE TEST") if certificate else None)

    def wait(self) -> None:
        """Wait, a few windows at most, until something is recorded."""
        for _ in range(10):
            if self.kept:
                return
            self.environment()
        pytest.fail("nothing was recorded")

    def environment(self, **settings: str) -> Window:
        """Open an empty window, so that the settings are in force."""

        async def nothing(drive: object) -> None:
            return

        return self.lab.window([Job("j", nothing)], {f"dmp.{k.replace('_', '-')}": v for k, v in settings.items()})


@contextmanager
def opened(pki: Pki, folder: Path, target: Target = TARGET) -> Iterator[Bench]:
    kept: list[Exchange] = []
    with Lab(target, make(target), kept.append, pki) as lab:
        yield Bench(lab, pki, folder, kept)


@pytest.fixture
def bench(pki: Pki, tmp_path: Path) -> Iterator[Bench]:
    """A fresh DMP."""
    with opened(pki, tmp_path) as made:
        yield made


def test_a_document_is_fed_found_replaced_and_deleted(bench: Bench) -> None:
    """The whole life of a document: what is found, and under which entryUUID, follows what was asked."""
    dmp = bench.client()
    assert dmp.feed(("d1", "2.25.1")).outcome == "Success"
    (entry,) = dmp.search(GET_DOCUMENTS, UniqueId="('2.25.1')").entries
    first = entry.attrib["id"]
    assert first.startswith("urn:uuid:")
    assert entry.attrib["status"] == APPROVED
    assert dmp.feed(("d2", "2.25.2"), replaces=first).outcome == "Success"
    (old,) = dmp.search(GET_DOCUMENTS, EntryUUID=f"('{first}')").entries
    assert old.attrib["status"].endswith(":Deprecated")
    patient = f"'{PATIENT}'"
    (found,) = dmp.search(FIND_DOCUMENTS, PatientId=patient, Status=f"('{APPROVED}')").entries
    second = found.attrib["id"]
    assert second != first
    assert dmp.delete(second).outcome == "Success"
    assert dmp.search(GET_DOCUMENTS, UniqueId="('2.25.2')").entries == []
    assert dmp.search(FIND_DOCUMENTS, PatientId=patient, Status=f"('{APPROVED}')").entries == []
    assert [bench.lab.counter("dmp", t) for t in ("TD2.1", "TD3.1", "TD3.3c")] == [2, 5, 1]


def test_what_no_registry_could_take(bench: Bench) -> None:
    """Duplicates, unknown targets, deprecated targets and another patient are refused with their IHE codes."""
    dmp = bench.client()
    dmp.feed(("d1", "2.25.1"))
    first = dmp.search(GET_DOCUMENTS, UniqueId="('2.25.1')").entries[0].attrib["id"]
    dmp.feed(("d2", "2.25.2"), replaces=first)
    refused = {
        "XDSDuplicateUniqueIdInRegistry": dmp.feed(("d3", "2.25.1")),
        "UnresolvedReferenceException": dmp.feed(("d4", "2.25.4"), replaces="urn:uuid:none"),
        "XDSRegistryDeprecatedDocumentError": dmp.feed(("d5", "2.25.5"), replaces=first),
        "XDSPatientIdDoesNotMatch": dmp.post("repository", *submission(("d6", "2.25.6"), of="2^^^&amp;1.2&amp;ISO^NH")),
        "XDSUnknownStoredQuery": dmp.search("00000000-0000-0000-0000-000000000000"),
        "XDSStoredQueryMissingParam": dmp.search(FIND_DOCUMENTS, PatientId="'x'"),
        "XDSRegistryMetadataError": dmp.delete(first, status="urn:asip:ci-sis:2010:StatusType:Masked"),
    }
    assert {code: (answer.outcome, answer.errors) for code, answer in refused.items()} == {
        code: ("Failure", [code]) for code in refused
    }
    assert dmp.delete("urn:uuid:none").errors == ["UnresolvedReferenceException"]
    # Nothing of a refused submission is kept.
    assert dmp.search(GET_DOCUMENTS, UniqueId="('2.25.4')").entries == []


def test_the_answer_is_packed_as_the_request(bench: Bench) -> None:
    """MTOM for MTOM, plain XML for plain XML; the answer relates to the request."""
    dmp = bench.client()
    fed, found = dmp.feed(("d1", "2.25.1")), dmp.search(GET_DOCUMENTS, UniqueId="('2.25.1')")
    assert fed.content_type.startswith("multipart/related")
    assert found.content_type.startswith("application/soap+xml")
    for answer in (fed, found):
        assert b"<wsa:RelatesTo>urn:uuid:m1</wsa:RelatesTo>" in answer.envelope


def test_every_exchange_is_recorded_with_its_connection(bench: Bench) -> None:
    """TLS version, cipher, subject of the client, path, content type, action, transaction, status: all in the facts."""
    bench.client().feed(("d1", "2.25.1"))
    heard, said = bench.kept
    assert (heard.direction, said.direction) == (Direction.FROM_VENDOR, Direction.TO_VENDOR)
    assert said.answers == heard.id
    facts = heard.facts
    assert facts["tls"] == "1.2"
    assert "GCM" in str(facts["cipher"])
    assert "commonName=PFI DE TEST" in str(facts["peer_subject"])
    assert facts["path"] == f"{ROOT}/repository"
    assert facts["transaction"] == "TD2.1"
    assert str(facts["content_type"]).startswith("multipart/related")
    assert said.facts["status"] == 200
    assert observe(heard).kind == "xds.submission"
    assert observe(said).kind == "xds.answer"


def test_a_client_without_certificate_is_refused_and_told(bench: Bench) -> None:
    """The handshake fails, and the failure is recorded with its reason."""
    with pytest.raises((ssl.SSLError, OSError)):
        bench.client(certificate=False).soap("registry", "<x/>")
    bench.wait()
    (failure,) = bench.kept
    assert (failure.facts["failure"], failure.body) == ("tls", b"")
    assert "PEER_DID_NOT_RETURN_A_CERTIFICATE" in str(failure.facts["reason"])


def test_a_client_certificate_of_another_authority(pki: Pki, tmp_path: Path) -> None:
    """Refused by default, accepted once its authority is among the target's anchors."""
    other = Pki.generate()
    anchors = tmp_path / "other.pem"
    anchors.write_bytes(other.anchors_pem)
    for services, accepted in (({}, False), ({"dmp": Listen(client_anchors=(anchors,))}, True)):
        target = Target(Vendor("V", "P", "1"), "PFI", ("va1",), services=services, timing=TARGET.timing)
        with opened(pki, tmp_path, target) as bench:
            dmp = DmpClient(bench.lab.addresses()["dmp"], pki, tmp_path, other.client())
            if accepted:
                assert dmp.feed(("d1", "2.25.1")).outcome == "Success"
            else:
                with pytest.raises((ssl.SSLError, OSError)):
                    dmp.feed(("d1", "2.25.1"))


EXISTENCE = (
    '<PRPA_IN201307UV02 xmlns="urn:hl7-org:v3"><id root="1.2.3" extension="m"/>'
    '<sender><device><id root="1.9"/></device></sender>'
    '<controlActProcess><queryByParameter><queryId root="1.2.4" extension="q"/><parameterList>'
    '<patientIdentifier><value root="1.2.250.1.213.1.4.10" extension="180017500012345"/></patientIdentifier>'
    "</parameterList></queryByParameter></controlActProcess></PRPA_IN201307UV02>"
)


@pytest.mark.parametrize(
    ("existence", "code", "status"),
    [("active", "OK", "active"), ("terminated", "OK", "terminated"), ("none", "NF", "")],
)
def test_existence_of_a_dmp(bench: Bench, existence: str, code: str, status: str) -> None:
    """TD0.2 says what the environment says: active, closed, or none."""
    bench.environment(existence=existence)
    result = bench.client().soap("patients", EXISTENCE).result
    assert result.tag == "{urn:hl7-org:v3}PRPA_IN201308UV02"
    codes = [e.attrib["code"] for e in result.iter("{urn:hl7-org:v3}queryResponseCode")]
    statuses = [e.attrib["code"] for e in result.findall(".//{urn:hl7-org:v3}patient/{urn:hl7-org:v3}statusCode")]
    assert (codes, statuses) == ([code], [status] if status else [])


def test_authorisation_is_answered_and_counted(bench: Bench) -> None:
    """TD0.3, which a feeding platform must not call, works and leaves a trace: a counter and an exchange."""
    body = '<setAuthorization xmlns="urn:si-dmp-habilitations"><action>AJOUT</action></setAuthorization>'
    before = bench.lab.counter("dmp", "TD0.3")
    result = bench.client().soap("habilitations", body).result
    assert "DMPOk" in "".join(result.itertext())
    assert (before, bench.lab.counter("dmp", "TD0.3")) == (0, 1)
    assert bench.kept[0].facts["transaction"] == "TD0.3"


@pytest.mark.parametrize(
    ("place", "body", "status"),
    [
        ("repository", b"not XML", 400),
        ("repository", b"", 400),
        ("repository", soap("<other/>"), 400),
        ("repository", soap(EXISTENCE), 400),
        ("registry", soap("<q:AdhocQueryRequest xmlns:q='urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0'/>"), 400),
        ("repository", soap("<x/>").replace(b"2003/05/soap-envelope", b"x"), 400),
        ("repository", b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>', 400),
        ("nowhere", soap("<x/>"), 404),
    ],
)
def test_requests_that_mean_nothing(bench: Bench, place: str, body: bytes, status: int) -> None:
    """Each gets a SOAP fault or a 404, is recorded as it came, and the next request is served."""
    dmp = bench.client()
    answer = dmp.post(place, body)
    assert answer.status == status
    if status == 400:
        assert answer.result.tag.endswith("}Fault")
    assert b"root:" not in answer.body
    assert bench.kept[0].body == body
    assert dmp.feed(("d1", "2.25.1")).outcome == "Success"


def test_soap_1_1_is_told_apart(bench: Bench) -> None:
    """A SOAP 1.1 envelope gets VersionMismatch."""
    body = b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><x/></s:Body></s:Envelope>'
    answer = bench.client().post("registry", body, "text/xml")
    assert b"VersionMismatch" in answer.body


def test_a_claim_of_a_gigabyte(bench: Bench) -> None:
    """A request that announces more than the limit is refused before a byte of it is read."""
    dmp = bench.client()
    dmp.connection.putrequest("POST", f"{ROOT}/repository")
    dmp.connection.putheader("Content-Length", str(2**30))
    dmp.connection.endheaders(b"x" * 100)
    assert dmp.connection.getresponse().status == 413
    assert (bench.kept[0].facts["failure"], bench.kept[0].body) == ("too-big", b"")


def test_an_endless_request(bench: Bench) -> None:
    """A chunked request without end is refused at the limit, and only its beginning is kept."""
    bench.lab.services["dmp"].largest_body = 100_000  # type: ignore[attr-defined]
    dmp = bench.client()
    dmp.connection.putrequest("POST", f"{ROOT}/repository")
    dmp.connection.putheader("Transfer-Encoding", "chunked")
    dmp.connection.endheaders()
    sent = 0
    with suppress(OSError):
        while sent < 5_000:
            dmp.connection.send(b"2710\r\n" + b"x" * 10_000 + b"\r\n")
            sent += 1
    assert sent < 5_000
    assert bench.kept[0].facts["failure"] == "too-big"
    assert len(bench.kept[0].body) <= http_service.KEPT_OF_TOO_BIG


def test_a_request_cut_in_the_middle(bench: Bench) -> None:
    """A client that goes away in the middle of a request leaves a trace, and the service goes on."""
    dmp = bench.client()
    dmp.connection.putrequest("POST", f"{ROOT}/repository")
    dmp.connection.putheader("Content-Length", "1000")
    dmp.connection.endheaders(b"half")
    dmp.connection.close()
    bench.wait()
    assert (bench.kept[0].facts["failure"], bench.kept[0].body) == ("closed", b"half")
    assert bench.client().feed(("d1", "2.25.1")).outcome == "Success"


def test_what_is_not_http(bench: Bench) -> None:
    """Over a right handshake, bytes that are not HTTP are answered 400 and recorded."""
    dmp = bench.client()
    dmp.connection.connect()
    secure = dmp.connection.sock
    assert isinstance(secure, ssl.SSLSocket)
    secure.sendall(b"\x0bMSH|^~\\&|\x1c\r\r\n\r\n")
    assert b" 400 Bad Request" in secure.recv(100)
    bench.wait()
    assert bench.kept[0].facts["failure"] == "not-http"


def test_plain_http_is_a_failed_handshake(bench: Bench) -> None:
    """A client that forgets TLS is told by a recorded failure."""
    host, _, port = bench.lab.addresses()["dmp"].split("/")[2].rpartition(":")
    with socket.create_connection((host, int(port)), 2) as plain:
        plain.sendall(b"POST / HTTP/1.1\r\nHost: x\r\n\r\n")
        plain.recv(100)
    bench.wait()
    assert bench.kept[0].facts["failure"] == "tls"


def test_other_methods(bench: Bench) -> None:
    """Only POST is served."""
    dmp = bench.client()
    dmp.connection.request("GET", f"{ROOT}/registry?wsdl")
    assert dmp.connection.getresponse().status == 405


def test_fault_xds_error(bench: Bench) -> None:
    """A refused submission has the code of the environment, is told in the facts, and is not kept; searches go on."""
    bench.environment(fault="xds-error")
    dmp = bench.client()
    refused = dmp.feed(("d1", "2.25.1"))
    assert (refused.status, refused.outcome, refused.errors) == (200, "Failure", ["DMPClosed"])
    assert bench.kept[-1].facts["fault"] == "xds-error"
    assert dmp.search(GET_DOCUMENTS, UniqueId="('2.25.1')").entries == []
    assert "fault" not in bench.kept[-1].facts
    bench.environment(fault="xds-error", error_code="XDSRepositoryBusy")
    assert dmp.feed(("d1", "2.25.1")).errors == ["XDSRepositoryBusy"]
    bench.environment()
    assert dmp.feed(("d1", "2.25.1")).outcome == "Success"


def test_fault_soap(bench: Bench) -> None:
    """A SOAP fault of the receiver, with status 500."""
    bench.environment(fault="soap-fault", on="TD3.1")
    answer = bench.client().search(GET_DOCUMENTS, UniqueId="('2.25.1')")
    assert answer.status == 500
    assert b"soap:Receiver" in answer.body
    assert bench.kept[-1].facts["fault"] == "soap-fault"


def test_fault_slow_holds_the_window(bench: Bench) -> None:
    """A slow answer comes, late; meanwhile the window is not settled however short the silence asked for."""
    bench.environment(fault="slow", delay="0.6")
    dmp = bench.client()
    dmp.connection.request("POST", f"{ROOT}/repository", *_headers(submission(("d1", "2.25.1"))))
    found = bench.environment(fault="slow", delay="0.6")
    assert found.settled
    assert dmp.connection.getresponse().status == 200
    assert bench.kept[-1].facts["fault"] == "slow"
    assert bench.kept[-1].ms - bench.kept[-2].ms >= 600
    assert bench.kept[-1] in found.exchanges


def _headers(made: tuple[bytes, str]) -> tuple[bytes, dict[str, str]]:
    return made[0], {"Content-Type": made[1]}


def test_fault_cut(bench: Bench) -> None:
    """A cut answer stops half-way; what was asked was done all the same."""
    bench.environment(fault="cut")
    with pytest.raises(http.client.IncompleteRead) as error:
        bench.client().feed(("d1", "2.25.1"))
    assert 0 < len(error.value.partial) < len(error.value.partial) + (error.value.expected or 0)
    assert bench.kept[-1].body == error.value.partial
    assert bench.kept[-1].facts["fault"] == "cut"
    bench.environment()
    assert len(bench.client().search(GET_DOCUMENTS, UniqueId="('2.25.1')").entries) == 1


def test_a_new_run_forgets(bench: Bench) -> None:
    """After reset the document may be fed again, and the counters are at zero."""
    dmp = bench.client()
    dmp.feed(("d1", "2.25.1"))
    bench.lab.reset()
    assert bench.lab.counter("dmp", "TD2.1") == 0
    assert dmp.feed(("d1", "2.25.1")).outcome == "Success"
