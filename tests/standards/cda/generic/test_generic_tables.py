"""The tables of the generic rules against third parties: UCUM, check digits, and the published terminologies."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
import stdnum.ean
import stdnum.luhn
import stdnum.verhoeff

from conformance.standards import valuesets
from conformance.standards.cda.generic import content, derive, digits, labels, systems, ucum

TERMINOLOGIES = "schematrons/profils/terminologies/terminologie"


def drawn() -> list[str]:
    """Usual units, the same in another case, and atoms put together at random."""
    chance = random.Random(20261125)
    words = ucum.table()
    usual = sorted(words.usual)
    atoms, prefixes = sorted(words.metric | words.plain), sorted(words.prefixes)
    joints = ["/", ".", "", "2", "-1", "(", ")", "{x}"]
    mixed = [
        "".join(chance.choice(joints) + chance.choice(atoms) for _ in range(chance.randint(1, 3))) for _ in range(400)
    ]
    mixed += [chance.choice(prefixes) + chance.choice(atoms) for _ in range(400)]
    return list(dict.fromkeys([*usual, *(u.swapcase() for u in usual), *(u.upper() for u in usual), *mixed]))


def test_ucum_peer() -> None:
    """A third-party UCUM parser accepts the same units; `Torr`, published by ANS, is the only one that UCUM lacks."""
    peer = pytest.importorskip("ucumvert", reason="the extra `units` is not installed").get_ucum_parser()

    def accepts(unit: str) -> bool:
        try:
            peer.parse(unit)
        except Exception:  # noqa: BLE001  # the peer raises whatever its grammar engine does
            return False
        return True

    units = drawn()
    assert len(units) > 2000
    assert [unit for unit in units if ucum.is_unit(unit) != accepts(unit)] == ["Torr"]


@pytest.mark.parametrize(
    ("unit", "valid", "meant"),
    [
        ("m[IU]/L", True, ""),
        ("10*9/L", True, ""),
        ("{tablet}", True, ""),
        ("mg/{creat}", True, ""),
        ("mL", True, ""),
        ("ML", True, "mL"),
        ("/ML", True, "/mL"),
        ("Mg/L", True, "mg/L"),
        ("g/l", True, ""),
        ("KG", False, "kg"),
        ("UI/L", False, ""),
        ("mmHg", False, ""),
        ("µg", False, ""),
        ("°C", False, ""),
        ("g//l", False, ""),
        ("", False, ""),
    ],
)
def test_units(unit: str, valid: bool, meant: str) -> None:
    """Units of UCUM 2.2 as laboratories write them, right or wrong, and the one that a wrong case stands for."""
    assert (ucum.is_unit(unit), ucum.meant(unit)) == (valid, meant)


def test_deep_unit() -> None:
    """A hostile unit is refused, not followed."""
    assert not ucum.is_unit("(" * 90 + "m" + ")" * 90)
    assert not ucum.is_unit("m." * 500 + "m")


def test_check_digits_peer() -> None:
    """Check digits agree with python-stdnum on random numbers."""
    chance = random.Random(1)
    for _ in range(500):
        number = str(chance.randint(10**6, 10**12))
        assert str(digits.luhn(number)) == stdnum.luhn.calc_check_digit(number)
        assert digits.verhoeff(number) == stdnum.verhoeff.is_valid(number)
        code = f"{chance.randint(10**12, 10**13 - 1)}"
        assert digits.ean13(code) == stdnum.ean.is_valid(code)


@pytest.mark.parametrize(
    ("code", "oid", "fault"),
    [
        ("2160-0", "2.16.840.1.113883.6.1", ""),  # loinc.org: creatinine
        ("11502-2", "2.16.840.1.113883.6.1", ""),
        ("11502-3", "2.16.840.1.113883.6.1", "key"),
        ("99999-9", "2.16.840.1.113883.6.1", "key"),
        ("00000-0", "2.16.840.1.113883.6.1", "form"),
        ("LA6111-4", "2.16.840.1.113883.6.1", ""),
        ("138875005", "2.16.840.1.113883.6.96", ""),  # the root of SNOMED CT
        ("138875006", "2.16.840.1.113883.6.96", "key"),
        ("3400936876293", "1.2.250.1.213.2.3.2", ""),
        ("3400936876294", "1.2.250.1.213.2.3.2", "key"),
        ("60234100", "1.2.250.1.213.2.3.1", ""),
        ("70234100", "1.2.250.1.213.2.3.1", "form"),
        ("N02BE01", "2.16.840.1.113883.6.73", ""),
        ("N02", "2.16.840.1.113883.6.73", ""),
        ("J99ZZ99", "2.16.840.1.113883.6.73", "category"),
        ("E06.3", "2.16.840.1.113883.6.3", ""),
        ("C16.9+0", "2.16.840.1.113883.6.3", ""),
        ("A10.1", "2.16.840.1.113883.6.3", "category"),
        ("Z99.99X", "2.16.840.1.113883.6.3", "form"),
        ("MED-1210", "1.2.250.1.213.1.1.4.322", ""),
        ("XXX999", "1.2.250.1.213.1.1.4.322", "form"),
        ("anything", "1.2.250.1.999", ""),
    ],
)
def test_forms(code: str, oid: str, fault: str) -> None:
    """Published codes have the form and key of their terminology; invented ones do not."""
    assert systems.fault(code, oid) == fault


@pytest.mark.parametrize(
    ("oid", "impossible"),
    [
        ("1.2.3", True),
        ("1.2.3.4", True),
        ("1.2.3.4.5.6", True),
        ("2.999.1.2", True),
        ("2.16.1.113883.6.1", True),
        ("1.45.2.3.4", True),
        ("2.16.840.1.113883.6.1", False),
        ("1.2.250.1.213.2.3.1", False),
        ("1.2.276.0.76.5.1", False),
        ("0.4.0.127.0.16.1.1.2.1", False),
        ("1.0.3166.2.2.2", False),
        ("1.3.6.1.4.1.19376.1.5.3.2", False),
        ("2.25.329800735698586629295641978511506172918", False),
    ],
)
def test_oids(oid: str, impossible: bool) -> None:
    """An OID whose first arcs name no country nor organisation cannot be a code system."""
    assert systems.is_impossible(oid) == impossible


def test_published_systems_are_possible() -> None:
    """No code system of a value set is told impossible, or taken for a value set."""
    wrong = {oid for oid in valuesets.systems() if oid and (systems.is_impossible(oid) or systems.is_value_set(oid))}
    assert wrong == set()


def test_published_codes_have_their_form() -> None:
    """The codes of the value sets fit the forms of `systems.txt`, but for a few that the sets themselves misprint."""
    faults = [concept for concept in valuesets.labels() if systems.fault(*concept)]
    assert len(faults) < 30
    assert len(valuesets.labels()) > 13_000


@pytest.mark.parametrize(
    ("label", "relation"),
    [
        ("côté droit", "same"),
        ("COTE  DROIT", "same"),
        ("droit, côté", "same"),
        ("côté droit du corps", "same"),
        ("pas à droite ni du côté droit", "near"),
        ("Côtés droits", "near"),
        ("libellé sans rapport", "far"),
    ],
)
def test_labels(label: str, relation: str) -> None:
    """Case, accents, order and endings do not make another label; other words do."""
    assert labels.relation("24028007", "2.16.840.1.113883.6.96", label) == relation


def test_media_types() -> None:
    """First bytes tell the media type (RFC 2046 registrations, file signatures)."""
    assert content.what(b"%PDF-1.4\n") == "application/pdf"
    assert content.what(b"\xff\xd8\xff\xe0") == "image/jpeg"
    assert content.what(b"II*\x00\x08\x00\x00\x00") == "image/tiff"
    assert content.what(bytes(128) + b"DICM") == "application/dicom"
    assert content.what("é texte".encode()) == "text/plain"
    assert content.what(b"\x00\x01\x02") == ""


def notations(cisis: Path, oid: str) -> set[str]:
    """The codes of a terminology of the official package."""
    text = (cisis / TERMINOLOGIES / f"{oid}.rdf").read_text(encoding="utf-8")
    return set(re.findall(r"<skos:notation>([^<]*)", text))


@pytest.mark.parametrize(
    ("oid", "kinds"),
    [
        ("2.16.840.1.113883.6.73", r"[A-Z]\d\d([A-Z]([A-Z](\d\d)?)?)?"),
        ("2.16.840.1.113883.6.3", r"[A-Z]\d\d\.\d.*"),
        ("2.16.840.1.113883.6.347", r"[0-9A-Z]{4}(\..+)?"),
        ("1.2.250.1.213.2.59", r"MV.*"),
        ("1.2.250.1.213.2.65", r"[A-Z](\d.*)?"),
        ("1.2.250.1.213.2.68", r"[A-Z](\d.*)?"),
        ("1.2.250.1.213.2.5", r"[A-Z]{4}\d{3}"),
    ],
)
def test_official_terminologies(cisis: Path, oid: str, kinds: str) -> None:
    """Every code of a published terminology has the form and category that we ask of it."""
    codes = [code for code in notations(cisis, oid) if re.fullmatch(kinds, code)]
    assert len(codes) > 1000
    assert [code for code in codes if systems.fault(code, oid)] == []


def test_observed_is_derived(cisis: Path) -> None:
    """The table of observed labels is what the official examples give."""
    table = Path(derive.__file__).with_name("observed.txt").read_text(encoding="utf-8")
    assert derive.derive(cisis / "ExemplesCDA") == table
