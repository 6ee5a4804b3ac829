"""What a site sets: contracts of trust, kinds of document, rights of users, automatic validation, fields shown."""

from __future__ import annotations

from dataclasses import dataclass, field

from conformance.reference.ri.values import Denied

SWITCH = {"on": True, "off": False}
FIELDS = ("birth_name", "first_given", "birth", "sex")
"""What is always shown (rule 3)."""


@dataclass(slots=True)
class Settings:
    """The settings in force. A user who is not named may call INSi and is no super-user."""

    contracts: set[str] = field(default_factory=set)
    kinds: dict[str, str] = field(default_factory=dict)
    callers: dict[str, bool] = field(default_factory=dict)
    supers: set[str] = field(default_factory=set)
    automatic: bool = False
    shown: tuple[str, ...] = FIELDS

    def set(self, name: str, value: str) -> None:
        """Change one; raises Denied when it is not one or its value cannot be used."""
        head, _, rest = name.partition(".")
        if head == "trust-contract" and rest:
            _toggle(self.contracts, rest, _switch(value))
        elif head == "user" and rest.endswith(".insi"):
            self.callers[rest.removesuffix(".insi")] = _switch(value)
        elif head == "user" and rest.endswith(".super"):
            _toggle(self.supers, rest.removesuffix(".super"), _switch(value))
        elif name == "document-kinds":
            self.kinds = _kinds(value)
        elif name == "validation.automatic":
            self.automatic = _switch(value)
        elif name == "display.fields":
            self.shown = tuple(dict.fromkeys((*FIELDS, *value.split())))
        else:
            raise Denied("no such setting")

    def trusts(self, names: tuple[str, ...]) -> bool:
        """Whether a contract of trust binds a sender known by one of these names."""
        return any(name in self.contracts for name in names if name)

    def may_call(self, user: str) -> bool:
        """Whether a user may call INSi."""
        return self.callers.get(user, True)

    def trust_of(self, kind: str, told: str) -> str:
        """The trust of a kind of document: what the site set, else what is told; raises Denied for a kind not set."""
        if not self.kinds:
            return told
        if kind not in self.kinds:
            raise Denied("this kind of document is not in the list of the site")
        return self.kinds[kind]


def _switch(value: str) -> bool:
    if value not in SWITCH:
        raise Denied("on or off")
    return SWITCH[value]


def _toggle(held: set[str], name: str, on: bool) -> None:
    (held.add if on else held.discard)(name)


def _kinds(value: str) -> dict[str, str]:
    found = {}
    for word in value.split():
        kind, _, trust = word.partition("=")
        if not kind or trust not in ("high", "low"):
            raise Denied("kinds are written KIND=high or KIND=low")
        found[kind] = trust
    return found
