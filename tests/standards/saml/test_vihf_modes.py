"""What a VIHF lacks, by its authentication mode: assertions signed by signxml, written from the published examples."""

from __future__ import annotations

import test_vihf as t

from conformance.standards.saml import modes, reader
from conformance.standards.xml import syntax as xml


def lacks(raw: bytes, *, sign: bool = True) -> list[str]:
    """What is said to be missing from an assertion."""
    vihf = reader.read(t.signed(raw) if sign else xml.parse(raw))
    assert vihf is not None
    return list(modes.lacks(vihf))


def test_an_indirect_vihf_as_published_lacks_nothing() -> None:
    """Structure, sector, software, patient, role, purpose, TLSClient: the example of an automatic treatment."""
    assert lacks(t.assertion()) == []


def test_each_missing_attribute_is_named() -> None:
    """An attribute renamed is an attribute missing."""
    plain = t.assertion()
    for name in ("VIHF_Version", "Identifiant_Structure", "Secteur_Activite", "Ressource_URN"):
        assert lacks(plain.replace(f'"{name}"'.encode(), b'"Autre"')) == [name]
    assert "Authentification_Mode" in lacks(plain.replace(b"INDIRECTE", b"AUTREMENT"))


def test_an_unsigned_vihf_lacks_its_signature() -> None:
    """Nothing else is missing."""
    assert lacks(t.UNSIGNED, sign=False) == ["Signature"]


def test_a_direct_vihf_wants_the_card_of_a_professional() -> None:
    """DIRECTE with TLSClient is told; SmartcardPKI is what a card gives. Its subject-id may be absent."""
    direct = t.assertion().replace(b">INDIRECTE<", b">DIRECTE<").replace(b"subject:subject-id", b"subject:autre")
    assert lacks(direct) == ["AuthnContextClassRef (SmartcardPKI)"]
    assert lacks(direct.replace(b":TLSClient", b":SmartcardPKI")) == []


def test_a_card_is_no_indirect_authentication() -> None:
    """INDIRECTE with SmartcardPKI contradicts itself; a reinforced session names its user."""
    assert lacks(t.assertion().replace(b":TLSClient", b":SmartcardPKI")) == ["AuthnContextClassRef"]
    reinforced = t.assertion().replace(b">INDIRECTE<", b">INDIRECTE_RENFORCEE<")
    assert lacks(reinforced) == []
    assert lacks(reinforced.replace(b">801234567897<", b">PFI<")) == ["NameID (PS_IdNat)"]
