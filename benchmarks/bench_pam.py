"""PAM: parse, read and judge one ADT message after another, against python-hl7, which only parses.

Goal: 3,000 messages a second on one core. Messages differ (control id, identifiers, names, movement), so that nothing
is remembered from one to the next. Run: `python benchmarks/bench_pam.py`.
"""

from __future__ import annotations

from itertools import cycle

import hl7
from harness import pin, rates, show

from conformance.standards.hl7v2.pam import reader, rules
from conformance.standards.hl7v2.pam.values import AdtMessage
from conformance.standards.hl7v2.syntax import parse

ADMISSION = (
    "MSH|^~\\&|GAM|CHU|DPI|CHU|20240306111154||ADT^A01^ADT_A01|{n}|D|2.5^FRA^2.11|||||FRA|UNICODE UTF-8|FR||"
    "2.11^IHE_FRANCE-2.11-PAM\r"
    "EVN||20240306111154||||20240306110000\r"
    "PID|1||B{n}^^^CHU&000897406&N^PI~279035121518989^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.10&ISO^INS^^20101207||"
    "ESSAI-{a}^ELODIE^ELODIE ANNE^^^^L~BANC-{a}^ELODIE^^^^^D||19790328|F|||"
    "1 rue du Banc^^PARIS^^75007^FRA^H~^^^^^^BDL^^51215||^PRN^PH^^^^^^^^^0102030405|||S||"
    "D{n}^^^CHU&120456785&M^AN|||||||1|||||N||VALI|20240306111153\r"
    "PD1||U||||||||||N\r"
    "ROL||UC|ODRP|801234567897^REAULT^PIERRE^^^^^^ASIP-SANTE-PS&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS|||||||"
    "1 rue du Cabinet^^LA ROCHELLE^^17000^FRA^O|^WPN^PH^^^^^^^^^0546442221\r"
    "PV1|1|I|6268^^^CHU&000897406&M|R|||801234567897^REAULT^PIERRE^^^^^^ASIP-SANTE-PS&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS||"
    "||||||||||V{n}^^^CHU&120456785&M^VN|||N||||||||||||||4||||||||20240306110000|||||||V\r"
    "ZBE|M{n}^CHU^000897406^ISO|20240306110000||INSERT|N||CHIR^^^^^CHU&000897406&N^UF^^^6268|"
    "CHIR^^^^^CHU&000897406&N^UF^^^6268|HMS\r"
    "ZFA|ACTIF|20240306111154|||||||INO|20240306111154|IC|20240306111154\r"
    "ZFM|8\r"
    "ZFD|||Y|N|INSI|20211201\r"
)
UPDATE = (
    "MSH|^~\\&|RI|CHU|DPI|CHU|20240306111154||ADT^A31^ADT_A05|{n}|P|2.5^FRA^2.11|||||FRA|UNICODE UTF-8|||"
    "2.11^IHE_FRANCE-2.11-PAM\r"
    "EVN||20240306111154||||20240306111154\r"
    "PID|1||B{n}^^^CHU&000897406&N^PI||ESSAI-{a}^ELODIE^ELODIE ANNE^^^^L||19790328|F|||"
    "^^^^^^BDL^^51215|||||||||||||||||||||PROV~HOMA|20240306111153\r"
    "PV1|1|N\r"
    "ZFD|||Y|N|SM||CN\r"
)


MERGE = (
    "MSH|^~\\&|RI|CHU|DPI|CHU|20240306111154||ADT^A40^ADT_A39|{n}|P|2.5^FRA^2.11|||||FRA|UNICODE UTF-8|||"
    "2.11^IHE_FRANCE-2.11-PAM\r"
    "EVN||20240306111154\r"
    "PID|1||B{n}^^^CHU&000897406&N^PI||ESSAI-{a}^ELODIE^ELODIE ANNE^^^^L||19790328|F|||"
    "^^^^^^BDL^^51215|||||||||||||||||||||VALI\r"
    "MRG|OLD{n}^^^CHU&000897406&N^PI\r"
)


def variants(text: str, count: int = 500) -> list[bytes]:
    """The same message with other identifiers and names."""
    return [
        text.format(n=1000 + i, a="".join(chr(65 + i // 26**k % 26) for k in range(3))).encode() for i in range(count)
    ]


def ours(raw: bytes) -> int:
    """Parse, read and judge; how many findings."""
    message = reader.read(parse(raw))
    assert isinstance(message, AdtMessage)
    return len(list(rules.judge(message)))


if __name__ == "__main__":
    pin()
    flow = [raw for four in zip(*map(variants, (UPDATE, MERGE, UPDATE, ADMISSION)), strict=True) for raw in four]
    for name, messages in (
        ("a flow: two updates, a merge, an admission", flow),
        ("admission (A01, ten segments)", variants(ADMISSION)),
        ("update of an identity (A31)", variants(UPDATE)),
    ):
        ring, other = cycle(messages), cycle(messages)
        works = {
            "conformance: parse and judge": lambda ring=ring: ours(next(ring)),
            "python-hl7: parse only": lambda other=other: hl7.parse(next(other).decode()),
        }
        show(f"PAM {name}", rates(works), "conformance: parse and judge", None)
