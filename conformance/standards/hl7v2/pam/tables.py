"""Code tables of PAM FR (IHE ITI TF-4 4.1 for those it prints, PAM FR 2.11.2 for the others)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final


def _codes(text: str) -> frozenset[bytes]:
    return frozenset(code.encode() for code in text.split())


RELIABILITY_BEFORE: Final = _codes(
    "VIDE PROV VALI DOUB DESA DPOT DOUA COLP COLV FILI CACH ANOM IDVER RECD IDRA USUR HOMD HOMA"
)
"""Table 0445 before 2.11 (the 18 codes of TF-4)."""

RELIABILITY_LATER: Final = _codes("INVA FICT DOUT")
"""Codes that 2.11 added to table 0445."""

TABLES: Mapping[str, frozenset[bytes]] = {
    "0001": _codes("F M U O"),
    "0002": _codes("A D G M P S U W"),
    "0004": _codes("E I N O R V"),
    "0007": _codes("C L N R U RM IE"),
    "0032": _codes("03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 20 21 23 24 25 26 28 32 33 37 38 39 97"),
    "0045": _codes("Y N"),
    "0050": _codes("P T D S J C L B U"),
    "0072": _codes("AMO CMU AME AMC CMUC AMEC PAT ASS EMP ETB DEP"),
    "0099": _codes("Y N"),
    "0103": _codes("P T D"),
    "0112": _codes("2 3 4 5 6 A B E F P R S PSA REO"),
    "0117": _codes("D N"),
    "0136": _codes("Y N"),
    "0155": _codes("AL NE ER SU"),
    "0190": _codes("ASE B BA BDL BI BR C DST F H M O ORI RH SA VA"),
    "0200": _codes("L D S U"),
    "0203": _codes(
        "ADELI AN EI FINEG FINEJ IDNPS IDNST INS INS-C MR NDP NH NNFRA PI PN PPN RI RPPS RRI SIREN SIRET SRV UF VN"
    ),
    "0211": frozenset({b"UNICODE UTF-8", b"8859/15", b"8859/1"}),
    "0214": _codes("CH ES FP O U"),
    "0220": _codes("A F H I R S U"),
    "0287": _codes("UC AD DE UP"),
    "0326": _codes("A V"),
    "0399": _codes("FRA"),
    "0430": _codes("0 1 2 3 4 5 6 7 8 9 10 11"),
    "0443": _codes("ODRP AD AT CP FHCP RP RT SUBS"),
    "0445": RELIABILITY_BEFORE | RELIABILITY_LATER,
    "ZBE-4": _codes("INSERT UPDATE CANCEL"),
    "ZBE-9": _codes("S H M L D SM SH MH LD HMS C"),
    "ZFA-1": _codes("ACTIF FERME INEXISTANT"),
    "ZFA-9": _codes("INO IO NA"),
    "ZFA-11": _codes("IC INC NA"),
    "ZFP-1": _codes("1 2 3 4 5 6 7 8"),
    "ZFV-6": _codes("ORI DST"),
    "ZFV-11": _codes("MED PARAMED AUCUN"),
    "ZFM-1": _codes("0 6 7 8 N O"),
    "ZFM-2": _codes("0 4 5 6 7 8 9"),
    "ZFM-3": _codes("1 2 3 4 5 6 7 8 9 R U D"),
    "ZFM-5": _codes("5 U V"),
    "ZFD-5": _codes("SM CV INSI CB RFID AV"),
    "ZFD-7": _codes("AN CC CE CM CN CS LE PA PC TC AV DC AC IE"),
    "ZFS-6": _codes("OPP SPP SPL SPAP SDREP SDREM SDREIP SPD SDT SDTU SPI"),
    "ZFS-7": _codes("1 3 4 5 6 7 8"),
}
"""Table -> its codes. Where two editions differ, both codes are in."""

ERROR_CODES: Final = frozenset(
    ("0", "100", "101", "102", "103", "200", "201", "202", "203", "204", "205", "206", "207")
)
"""Table 0357 (the CDA volets add 198 and 199)."""

ENHANCED: Final = frozenset({"CA", "CE", "CR"})
ORIGINAL: Final = frozenset({"AA", "AE", "AR"})
"""Table 0008: accept level and application level."""
