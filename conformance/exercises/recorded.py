"""Exercise `documents.recorded`: messages from the user's files, made drivable, instead of generated ones."""

from __future__ import annotations

import base64
import csv
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Literal, cast

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from conformance.bench.api import Drive
from conformance.errors import CasesError, Malformed
from conformance.evidence.values import Binding
from conformance.exercises.base import NORMAL, Environment
from conformance.exercises.documents import ENDPOINT, DocumentsIntake
from conformance.generation.labels import LABELS
from conformance.generation.restamp import request_of, stamp
from conformance.models.document import DocumentStory, RecordedMessage
from conformance.standards.hl7v2.syntax import Message, parse

NAME = "documents.recorded"
TABLE = "cases/corpus-hl7v2.csv"
SUFFIXES = frozenset({".er7", ".hl7"})
FROM_PFI = "CISIS_CDA_HL7_LPS"
"""MSH-21.2 of the volet whose messages leave a PFI."""
LARGEST = 32 * 1024 * 1024
"""Bytes of one file, at most."""
MOST = 10_000
"""Files of one folder, at most."""

Expected = Literal["accepted", "rejected", "any"]


@dataclass(frozen=True, slots=True)
class Known:
    """What the committed table says of a file, found by its SHA-256 whatever its name."""

    name: str
    for_pfi: bool
    expected: Expected
    seed: bool
    why: str


@cache
def known_files() -> Mapping[str, Known]:
    """The table of official example messages, by SHA-256; raises CasesError when the installation lacks it."""
    for root in (files("conformance") / "_shipped", Path(__file__).resolve().parents[2]):
        resource: Traversable = root / "samples"
        for part in TABLE.split("/"):
            resource = resource / part
        if resource.is_file():
            rows = csv.DictReader(resource.read_text(encoding="utf-8").splitlines())
            return {row["sha256"]: _known(row) for row in rows}
    raise CasesError("cases.table-missing", where=TABLE)


def _known(row: Mapping[str, str]) -> Known:
    return Known(
        name=row["name"],
        for_pfi=row["addressed_to_pfi"] == "yes",
        expected=cast(Expected, row["expected"]),
        seed=row["needs_seed"] == "yes",
        why=row["why"],
    )


def load_cases(path: Path) -> list[RecordedMessage]:
    """The messages of a folder (sub-folders too) or of one file, in order of path.

    Files ending by .er7 or .hl7 are read. Those that the table says are not addressed to a PFI are left out, and so
    are acknowledgements, returns and messages of the LPS volet. Raises CasesError when the path is missing, a file
    cannot be read or is not HL7 v2, or when nothing is left: no case never means "test nothing".
    """
    if not path.exists():
        raise CasesError("cases.missing", where=str(path))
    names = [path] if path.is_file() else _listed(path)
    if not names:
        raise CasesError("cases.empty", where=str(path), suffixes=", ".join(sorted(SUFFIXES)))
    found = [case for name in names if (case := _case(name, path)) is not None]
    if not found:
        raise CasesError("cases.none-for-pfi", where=str(path), files=len(names))
    return found


def _listed(folder: Path) -> list[Path]:
    try:
        names = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
    except OSError as e:
        raise CasesError("cases.unreadable", where=str(folder), reason=e.strerror or str(e)) from e
    if len(names) > MOST:
        raise CasesError("cases.too-many", where=str(folder), files=len(names), most=MOST)
    return names


def _case(file: Path, root: Path) -> RecordedMessage | None:
    try:
        if file.stat().st_size > LARGEST:
            raise CasesError("cases.too-big", where=str(file), most=LARGEST)
        content = file.read_bytes()
    except OSError as e:
        raise CasesError("cases.unreadable", where=str(file), reason=e.strerror or str(e)) from e
    known = known_files().get(hashlib.sha256(content).hexdigest())
    if known is not None and not known.for_pfi:
        return None
    try:
        message = parse(content)
        message_type = message.get("MSH-9.1")  # reading a text also checks that MSH-18 is known
    except Malformed as e:
        raise CasesError("cases.not-hl7", where=str(file), seen=e.seen) from e
    if message_type in ("ACK", "ZAM") or message.get("MSH-21.2").strip() == FROM_PFI:
        return None
    return RecordedMessage(
        file=file.name if file == root else file.relative_to(root).as_posix(),
        content=base64.b64encode(content).decode("ascii"),
        expected=known.expected if known is not None else "any",
        seed=known.seed if known is not None else request_of(message) != "initial",
    )


def content_of(case: RecordedMessage) -> bytes:
    """The bytes of the file, as recorded."""
    return base64.b64decode(case.content)


def _labels(message: Message) -> Iterator[str]:
    yield f"carrier:{message.get('MSH-9.1')}"
    yield f"dialect:{message.get('MSH-21.1')}"
    yield f"story:{request_of(message)}"


_INTAKE = DocumentsIntake()


@dataclass(frozen=True)
class RecordedExercise:
    """Sends recorded messages, re-stamped, after the messages they suppose. The sentinel is a generated story."""

    files: tuple[RecordedMessage, ...]
    intake: DocumentsIntake = _INTAKE
    name: str = NAME
    needs: frozenset[str] = DocumentsIntake.needs
    environments: tuple[Environment, ...] = (NORMAL,)
    case_type: type = RecordedMessage

    def for_waves(self, waves: frozenset[str]) -> RecordedExercise:
        """The same files, whose sentinel keeps to the dialects of these waves."""
        return replace(self, intake=self.intake.for_waves(waves))

    def cases(self, label: str | None) -> SearchStrategy[RecordedMessage]:
        """Any of the files, or of those that have the label."""
        return st.sampled_from([f for f in self.files if label is None or label in self.labels_of(f)])

    def labels(self) -> frozenset[str]:
        """The labels of the files given."""
        return frozenset[str]().union(*(self.labels_of(f) for f in self.files))

    def labels_of(self, case: RecordedMessage | DocumentStory) -> frozenset[str]:
        """Carrier, dialect and request, as far as the vocabulary has them."""
        if isinstance(case, DocumentStory):
            return _INTAKE.labels_of(case)
        return frozenset(_labels(parse(content_of(case)))) & LABELS

    def sentinel(self) -> DocumentStory:
        """The plainest generated story."""
        return self.intake.sentinel()

    def mark(self, case: RecordedMessage | DocumentStory, binding: Binding) -> str:
        """The unique id of the sentinel's document; recorded messages are never spared."""
        return _INTAKE.mark(case, binding) if isinstance(case, DocumentStory) else binding.uid("none")

    def simpler(self, case: RecordedMessage | DocumentStory) -> list[RecordedMessage]:
        """Nothing is simpler than a recorded message."""
        return []

    async def drive(self, drive: Drive, case: RecordedMessage | DocumentStory, binding: Binding) -> None:
        """Send the derived messages, then the recorded one; a message that no answer came to ends the case."""
        if isinstance(case, DocumentStory):
            await _INTAKE.drive(drive, case, binding)
            return
        for index, stamped in enumerate(stamp(content_of(case), binding, drive.as_of, seed=case.seed), 1):
            sent = await drive.send(
                ENDPOINT,
                stamped.message,
                name=f"{'seed' if stamped.derived else 'recorded'}-{index}-{stamped.request}",
                keys=(*(("document", uid) for uid in stamped.uids), ("control", stamped.control)),
                control=stamped.control,
            )
            if sent.failure is not None:
                return


def exercise(cases: list[RecordedMessage]) -> RecordedExercise:
    """The exercise that drives these messages."""
    return RecordedExercise(tuple(cases))
