"""HL7 v2: parse, read some fields and write back, against python-hl7 and hl7apy. Lossless for us: bytes in, bytes out.

Goal: 5 times the faster of the two. Run: `python benchmarks/bench_hl7v2.py`.
"""

from __future__ import annotations

import base64

import hl7
from harness import pin, rates, show
from hl7apy.parser import parse_message

from conformance.standards.hl7v2.syntax import build, parse

ADT = (
    "MSH|^~\\&|GAM|CHU|DPI|CHU|20240306111154||ADT^A01^ADT_A01|3975|D|2.5^FRA^2.11|||||FRA|UNICODE UTF-8|FR||"
    "2.11^IHE_FRANCE-2.11-PAM\r"
    "EVN||20240306111154||||20240306111154\r"
    "PID|1||B0017^^^CHU&000897406&N^PI~279035121518989^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.10&ISO^INS||"
    "ESSAI^ÉLODIE^ÉLODIE ANNE^^^^L||19790328|F|||1 rue du Banc^^PARIS^^75007^FRA^H~^^^^^^BDL^^51215|||||S\r"
    "PV1|1|I|^^^CHU&000897406&M|R|||||||||||||||V1^^^CHU&000897406&M^VN\r"
    "ZBE|1^CHU^000897406|20240306110000||INSERT|N||Chir^^^^^CHU&000897406&N^UF^^^6268|||HMS\r"
).encode()

ORU = (
    "MSH|^~\\&|SIL|LABO|PFI|CHU|202106060931||ORU^R01^ORU_R01|C1|P|2.5|||||FRA|UNICODE UTF-8|||2.1^CISIS_CDA_HL7_V2\r"
    "PID|||279035121518989^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.10&ISO^INS||ESSAI^ELODIE^ELODIE^^^^L||19790328|F\r"
    "PV1|1|I\rORC|NW\rOBR|1|||11502-2^CR d'examens biologiques^LN\r"
    "OBX|1|ED|11502-2^CR d'examens biologiques^LN||^TEXT^XML^Base64^"
    + base64.b64encode(bytes(range(256)) * 880).decode()
    + "||||||F\r"
).encode()


def ours(raw: bytes) -> bytes:
    """Parse, split every field, read three of them, build."""
    message = parse(raw)
    for segment in message.segments:
        assert segment.fields
    assert message.get("PID-3.1") and message.get("PID-5.1") and message.get("MSH-10")
    again = build(segment.raw for segment in message.segments)
    assert again == raw
    return again


def python_hl7(raw: bytes) -> str:
    """The same with python-hl7, which works on text."""
    message = hl7.parse(raw.decode())
    assert message["PID.F3.R1.C1"] and message["PID.F5.R1.C1"] and message["MSH.F10"]
    return str(message)


def apy(raw: bytes) -> str:
    """The same with hl7apy, groups off so that Z segments are kept."""
    message = parse_message(raw.decode(), find_groups=False)
    assert message.pid.pid_3[0].cx_1.value and message.pid.pid_5[0].xpn_1.value and message.msh.msh_10.value
    return message.to_er7()


if __name__ == "__main__":
    pin()
    for name, raw in (("ADT with a Z segment", ADT), ("ORU with an encapsulated document", ORU)):
        works = {
            "conformance": lambda raw=raw: ours(raw),
            "python-hl7": lambda raw=raw: python_hl7(raw),
            "hl7apy": lambda raw=raw: apy(raw),
        }
        show(f"HL7 v2 parse, read, build: {name}, {len(raw):,} bytes", rates(works), "conformance", 5)
