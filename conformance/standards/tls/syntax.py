"""Reading the clear part of a TLS handshake: what a client offers, what a server chose. Bytes in, values out.

Nothing is decrypted. Every reader takes the bytes of one direction as they went on the wire, and gives None while
they hold too little, or when they are not TLS: it never raises.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

LIMIT_BYTES = 256 * 1024
"""Bytes of one direction that are looked at."""

_HANDSHAKE = 22
_CLIENT_HELLO = 1
_SERVER_HELLO = 2
_SERVER_KEY_EXCHANGE = 12
_NAMED_CURVE = 3

_SERVER_NAME = 0
_SUPPORTED_GROUPS = 10
_SIGNATURE_ALGORITHMS = 13
_SUPPORTED_VERSIONS = 43
_KEY_SHARE = 51

VERSIONS = {0x0300: "SSL3", 0x0301: "1.0", 0x0302: "1.1", 0x0303: "1.2", 0x0304: "1.3"}
"""Versions by their number on the wire."""

GROUPS = {
    19: "prime192v1",
    21: "secp224r1",
    22: "secp256k1",
    23: "prime256v1",
    24: "secp384r1",
    25: "secp521r1",
    26: "brainpoolP256r1",
    27: "brainpoolP384r1",
    28: "brainpoolP512r1",
    29: "x25519",
    30: "x448",
    256: "ffdhe2048",
    257: "ffdhe3072",
    258: "ffdhe4096",
    259: "ffdhe6144",
    260: "ffdhe8192",
    4587: "SecP256r1MLKEM768",
    4588: "X25519MLKEM768",
    4589: "SecP384r1MLKEM1024",
}
"""Groups by their number on the wire, under the names of OpenSSL."""


@dataclass(frozen=True, slots=True)
class ClientHello:
    """What a client offers, in its order of preference. `versions` are `1.2`, `1.3`...; the rest numbers of the wire.

    Values reserved for greasing (RFC 8701) are left out. `server_name` is empty when none was given.
    """

    versions: tuple[str, ...]
    suites: tuple[int, ...]
    groups: tuple[int, ...]
    signatures: tuple[int, ...]
    server_name: str


@dataclass(frozen=True, slots=True)
class ServerChoice:
    """What a server chose: version, suite, and the group of the key exchange.

    `group` is an OpenSSL name (`prime256v1`), `dh` for a finite group told by its prime, empty when the key exchange
    has none. `bits` is the size of that prime, 0 for a named group.
    """

    version: str
    suite: int
    group: str = ""
    bits: int = 0


def client_hello(stream: bytes) -> ClientHello | None:
    """The first ClientHello of what a client sent."""
    for kind, body in handshakes(stream):
        return _client_hello(body) if kind == _CLIENT_HELLO else None
    return None


def server_choice(stream: bytes) -> ServerChoice | None:
    """What the clear messages of a server say; of a server that asks to try again, its last word."""
    chosen: ServerChoice | None = None
    for kind, body in handshakes(stream):
        if kind == _SERVER_HELLO:
            chosen = _server_hello(body) or chosen
        elif kind == _SERVER_KEY_EXCHANGE and chosen is not None:
            group, bits = _key_exchange(body, chosen.suite)
            chosen = ServerChoice(chosen.version, chosen.suite, group, bits)
    return chosen


def handshakes(stream: bytes) -> Iterator[tuple[int, bytes]]:
    """The handshake messages (type, body) that went in clear, whole ones only, until something else was said."""
    kept = bytearray()
    for fragment in _fragments(stream[:LIMIT_BYTES]):
        kept += fragment
        while len(kept) >= 4:
            size = int.from_bytes(kept[1:4])
            if len(kept) < 4 + size:
                break
            yield kept[0], bytes(kept[4 : 4 + size])
            del kept[: 4 + size]


def _fragments(stream: bytes) -> Iterator[bytes]:
    """The bodies of the handshake records at the start. An alert or encrypted data ends them.

    A change of cipher spec is passed over: in TLS 1.3 it means nothing (RFC 8446 D.4), in 1.2 what follows no longer
    reads as a message.
    """
    at = 0
    while at + 5 <= len(stream):
        kind, major, size = stream[at], stream[at + 1], int.from_bytes(stream[at + 3 : at + 5])
        if major != 3 or kind not in (_HANDSHAKE, 20) or at + 5 + size > len(stream):
            return
        if kind == _HANDSHAKE:
            yield stream[at + 5 : at + 5 + size]
        at += 5 + size


class _Short(Exception):
    """A message that ends before what it announces."""


class _Reader:
    """Bytes taken from the front."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    def take(self, size: int) -> bytes:
        end = self._at + size
        if end > len(self._data):
            raise _Short
        taken, self._at = self._data[self._at : end], end
        return taken

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size))

    def vector(self, size: int) -> bytes:
        """Bytes preceded by their length on `size` bytes."""
        return self.take(self.number(size))


def _client_hello(body: bytes) -> ClientHello | None:
    try:
        reader = _Reader(body)
        legacy = reader.number(2)
        reader.take(32)
        reader.vector(1)
        suites = _numbers(reader.vector(2))
        reader.vector(1)
        extensions = _extensions(reader)
        versions = (
            _numbers(_Reader(extensions[_SUPPORTED_VERSIONS]).vector(1))
            if _SUPPORTED_VERSIONS in extensions
            else tuple(v for v in range(min(legacy, 0x0303), 0x02FF, -1))
        )
        return ClientHello(
            tuple(VERSIONS.get(v, f"0x{v:04X}") for v in versions),
            suites,
            _listed(extensions, _SUPPORTED_GROUPS),
            _listed(extensions, _SIGNATURE_ALGORITHMS),
            _server_name(extensions.get(_SERVER_NAME, b"")),
        )
    except _Short:
        return None


def _server_hello(body: bytes) -> ServerChoice | None:
    try:
        reader = _Reader(body)
        version = reader.number(2)
        reader.take(32)
        reader.vector(1)
        suite = reader.number(2)
        reader.take(1)
        extensions = _extensions(reader)
        if _SUPPORTED_VERSIONS in extensions:
            version = int.from_bytes(extensions[_SUPPORTED_VERSIONS][:2])
        share = extensions.get(_KEY_SHARE, b"")
        group = int.from_bytes(share[:2]) if len(share) >= 2 else 0
        named = GROUPS.get(group, f"0x{group:04X}") if group else ""
        return ServerChoice(VERSIONS.get(version, f"0x{version:04X}"), suite, named)
    except _Short:
        return None


def _key_exchange(body: bytes, suite: int) -> tuple[str, int]:
    """The group of a TLS 1.2 ServerKeyExchange: a named curve, or a finite group told by its prime."""
    try:
        reader = _Reader(body)
        if suite in _FINITE:
            return "dh", int.from_bytes(reader.vector(2)).bit_length()
        if reader.number(1) == _NAMED_CURVE:
            curve = reader.number(2)
            return GROUPS.get(curve, f"0x{curve:04X}"), 0
    except _Short:
        pass
    return "", 0


# The suites with an ephemeral finite group that a server may choose: DHE_RSA and DHE_DSS of the IANA registry.
_FINITE = frozenset(bytes.fromhex("1112131415163233383940444566676a6b8788999a9e9fa2a3bdbec3c4")) | {
    *(0xC052, 0xC053, 0xC056, 0xC057, 0xC07C, 0xC07D, 0xC09E, 0xC09F, 0xC0A2, 0xC0A3, 0xCCAA)
}


def _extensions(reader: _Reader) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    if not reader:
        return found
    inside = _Reader(reader.vector(2))
    while inside:
        kind = inside.number(2)
        found.setdefault(kind, inside.vector(2))
    return found


def _listed(extensions: dict[int, bytes], kind: int) -> tuple[int, ...]:
    return _numbers(_Reader(extensions[kind]).vector(2)) if kind in extensions else ()


def _numbers(data: bytes) -> tuple[int, ...]:
    found = (int.from_bytes(data[at : at + 2]) for at in range(0, len(data) - 1, 2))
    return tuple(n for n in found if not _grease(n))


def _grease(number: int) -> bool:
    """RFC 8701: 0x0A0A, 0x1A1A... are there to be ignored."""
    return number & 0x0F0F == 0x0A0A and number >> 8 == number & 0xFF


def _server_name(data: bytes) -> str:
    if not data:
        return ""
    inside = _Reader(_Reader(data).vector(2))
    while inside:
        kind = inside.number(1)
        name = inside.vector(2)
        if kind == 0:
            return name.decode("ascii", "replace")[:255]
    return ""
