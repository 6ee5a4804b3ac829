"""A message taken in for its PID: an order or an appointment, then a document of the same patient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from conformance.models.document import DocumentStory

Trigger = Literal["ORM^O01", "SIU^S12", "SIU^S14", "SIU^S15"]


@dataclass(frozen=True, slots=True)
class IdentityCase:
    """A case: the message, then the story of one document, whose patient, venue and people are those of the message.

    S14 and S15 are about an appointment made by S12 just before.
    """

    trigger: Trigger
    story: DocumentStory
