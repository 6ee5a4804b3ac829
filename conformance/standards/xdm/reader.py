"""Reading an XDM archive: its submission sets, the metadata of each document and the bytes they point to (ITI-32)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import unquote

from conformance.errors import Malformed
from conformance.standards.xdm import syntax
from conformance.standards.xdm.syntax import Archive
from conformance.standards.xds import constants as k
from conformance.standards.xds import ebrim, submission
from conformance.standards.xds.datatypes import Cx
from conformance.standards.xds.submission import Association, Entry
from conformance.standards.xml import syntax as xml

ROOT = "IHE_XDM"
METADATA = "METADATA.XML"
_NOBODY = Cx("", "", "", "")


@dataclass(frozen=True)
class Subset:
    """One submission set of an archive: its folder (`IHE_XDM/SUBSET01`), identity, entries and associations.

    The `content` of an entry is the bytes of the member that its URI names, None when there is none; `member` gives
    the name of that member by the id of the entry. `fault` says why the metadata cannot be read (then the rest is
    empty).
    """

    folder: str
    id: str = ""
    unique_id: str = ""
    source_id: str = ""
    patient_id: Cx = _NOBODY
    submission_time: str = ""
    content_type: str = ""
    entries: tuple[Entry, ...] = ()
    associations: tuple[Association, ...] = ()
    members: tuple[tuple[str, str], ...] = ()
    fault: Malformed | None = None

    @property
    def metadata(self) -> str:
        """The name of its METADATA.XML."""
        return f"{self.folder}/{METADATA}"

    @property
    def documents(self) -> tuple[Entry, ...]:
        """The entries that are documents (the signature left out)."""
        return tuple(e for e in self.entries if not e.is_signature)


@dataclass(frozen=True)
class Media:
    """An archive read: its members, the folder that holds INDEX.HTM, README.TXT and IHE_XDM (empty: the root), and
    its submission sets in the order of their folders."""

    archive: Archive
    base: str
    subsets: tuple[Subset, ...]

    @property
    def listed(self) -> frozenset[str]:
        """The members that some metadata name."""
        return frozenset(name for s in self.subsets for _, name in s.members)


def looks_like(names: frozenset[str] | tuple[str, ...]) -> bool:
    """True for the names of an archive that means to be an XDM: a folder IHE_XDM, or a METADATA.XML somewhere."""
    return any(f"/{ROOT}/" in f"/{name.upper()}" or name.upper().rpartition("/")[2] == METADATA for name in names)


def read(data: bytes) -> Media:
    """The archive; raises Malformed as `syntax.read` does. A METADATA.XML that cannot be read is a fault of its set."""
    archive = syntax.read(data)
    heads = [n for n in archive.members if n.upper().rpartition("/")[2] == METADATA]
    subsets = tuple(_subset(archive, name) for name in sorted(heads))
    return Media(archive, _base(archive), subsets)


def _base(archive: Archive) -> str:
    """What stands before IHE_XDM in the names, usually nothing."""
    for name in archive.members:
        steps = name.split("/")
        if ROOT in steps[:-1]:
            return "".join(f"{step}/" for step in steps[: steps.index(ROOT)])
    return ""


def _subset(archive: Archive, name: str) -> Subset:
    folder = name.rpartition("/")[0]
    try:
        root = xml.parse(archive.members[name])
        request = root if xml.local(root) == "SubmitObjectsRequest" else None
        if request is None:
            request = next((e for e in root.iter() if xml.local(e) == "SubmitObjectsRequest"), None)
        if request is None:
            raise Malformed("xdm.metadata.root", "/", str(root.tag)[:200])
        objects = ebrim.objects(request)
        package = submission.submission_set(objects)
    except Malformed as fault:
        return Subset(folder, fault=fault)
    entries, members = [], []
    for one in (submission.entry(o) for o in objects if xml.local(o) == "ExtrinsicObject"):
        held = _held(archive, folder, one.uri)
        entries.append(replace(one, content=archive.members[held] if held else None))
        if held:
            members.append((one.id, held))
    return Subset(
        folder=folder,
        id=package.get("id", ""),
        unique_id=ebrim.identifier(package, k.SET_IDENTIFIERS["unique_id"]),
        source_id=ebrim.identifier(package, k.SET_IDENTIFIERS["source_id"]),
        patient_id=Cx.parse(ebrim.identifier(package, k.SET_IDENTIFIERS["patient_id"])),
        submission_time=ebrim.first(ebrim.slots(package), "submissionTime"),
        content_type=submission.one(ebrim.coded(package, k.SET_SCHEMES["content_type"])).code,
        entries=tuple(entries),
        associations=submission.associations(objects),
        members=tuple(members),
    )


def _held(archive: Archive, folder: str, uri: str) -> str:
    """The member that a URI names: beside METADATA.XML, or from IHE_XDM or the root as some senders write it."""
    relative = unquote(uri)
    if not relative or relative.startswith("/") or ".." in relative.split("/"):
        return ""
    above = folder.rpartition("/")[0]
    for candidate in (f"{folder}/{relative}", f"{above}/{relative}".lstrip("/"), relative):
        if candidate in archive.members:
            return candidate
    return ""
