"""What is printed of an identity: its traits, its matricule with its nature and the INS datamatrix when qualified.

Source: INS fact sheet, sections 1 (rule 32) and 9 (payload of the datamatrix).
"""

from __future__ import annotations

from conformance.reference.mail import pdf
from conformance.reference.ri.datamatrix import modules
from conformance.reference.ri.values import Identity, Ins

HEADER = "IS01" + "0" * 22
GS = "\x1d"
LONGEST = {"S2": 20, "S3": 100, "S4": 100}
MODULE, LEFT, BOTTOM = 3.0, 400.0, 560.0
"""Side of a module, and where the symbol stands, in points."""


def payload(identity: Identity, ins: Ins) -> str:
    """What the datamatrix says: blocks of variable length first but for the place, which closes it."""
    traits = identity.traits
    day = f"{traits.birth[6:]}-{traits.birth[4:6]}-{traits.birth[:4]}"
    blocks = [
        ("S1", ins.matricule),
        ("S2", ins.oid),
        ("S3", " ".join(traits.given_names)),
        ("S4", traits.birth_name),
        ("S5", traits.sex),
        ("S6", day),
        ("S7", traits.place),
    ]
    blocks = [(name, value[: LONGEST.get(name, len(value))]) for name, value in blocks if value]
    out = HEADER
    for name, value in blocks:
        open_ended = name in LONGEST and len(value) < LONGEST[name] and (name, value) != blocks[-1]
        out += name + value + (GS if open_ended else "")
    return out


def printed(identity: Identity, ins: Ins | None, house: str) -> bytes:
    """The sheet; `ins` is what may be told of it, None unless the identity is qualified."""
    traits, secondary = identity.traits, identity.secondary
    birth = f"{traits.birth[6:]}/{traits.birth[4:6]}/{traits.birth[:4]}"
    lines = [
        f"Nom de Naissance : {traits.birth_name}",
        f"1er Prénom de Naissance : {traits.first_given}",
        f"Prénom(s) de Naissance : {' '.join(traits.given_names)}",
        f"Date de Naissance : {birth}",
        f"Sexe : {traits.sex}",
        f"Code Lieu de Naissance : {traits.place}",
    ]
    if secondary.used_name:
        lines.append(f"Nom Utilisé : {secondary.used_name}")
    if secondary.used_given:
        lines.append(f"Prénom Utilisé : {secondary.used_given}")
    lines += [f"IPP : {identity.ipp}", f"Etablissement : {house}"]
    if ins is None:
        return pdf.write("Fiche d'identité", lines)
    lines += ["", f"Matricule INS : {ins.matricule} ({ins.nature})", "", "INS à scanner : symbole en haut à droite"]
    symbol = modules(payload(identity, ins))
    height = len(symbol)
    marks = [
        (LEFT + column * MODULE, BOTTOM + (height - 1 - row) * MODULE, MODULE, MODULE)
        for row, line in enumerate(symbol)
        for column, dark in enumerate(line)
        if dark
    ]
    return pdf.write("Fiche d'identité", lines, marks)
