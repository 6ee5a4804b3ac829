"""A signature over a whole document that has instructions or comments around its root (XML Signature 1.1, 4.4.3.2).

The reference `URI=""` is the document itself, `<?xml-stylesheet?>` included; libraries that keep the root alone compute
another digest. This is the second look, for SHA-2 with RSA or ECDSA: SignedInfo against the certificate, then each
reference inside the same document.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from copy import deepcopy
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from lxml import etree as typed

from conformance.standards.xml import syntax as xml
from conformance.standards.xml.syntax import Element

etree: Any = typed  # the stubs do not know every option of canonicalisation

DS = "http://www.w3.org/2000/09/xmldsig#"
_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
_METHODS: dict[str, tuple[str, hashes.HashAlgorithm]] = {
    f"{_MORE}rsa-sha256": ("rsa", hashes.SHA256()),
    f"{_MORE}rsa-sha384": ("rsa", hashes.SHA384()),
    f"{_MORE}rsa-sha512": ("rsa", hashes.SHA512()),
    f"{_MORE}ecdsa-sha256": ("ec", hashes.SHA256()),
    f"{_MORE}ecdsa-sha384": ("ec", hashes.SHA384()),
    f"{_MORE}ecdsa-sha512": ("ec", hashes.SHA512()),
}
HASHES = {
    "http://www.w3.org/2001/04/xmlenc#sha256": "sha256",
    f"{_MORE}sha384": "sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512": "sha512",
}
CANONICAL: dict[str, dict[str, bool]] = {
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315": {"exclusive": False, "with_comments": False},
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments": {"exclusive": False, "with_comments": True},
    "http://www.w3.org/2006/12/xml-c14n11": {"exclusive": False, "with_comments": False},
    "http://www.w3.org/2001/10/xml-exc-c14n#": {"exclusive": True, "with_comments": False},
    "http://www.w3.org/2001/10/xml-exc-c14n#WithComments": {"exclusive": True, "with_comments": True},
}
_PLAIN = CANONICAL["http://www.w3.org/TR/2001/REC-xml-c14n-20010315"]


def surrounded(root: Element) -> bool:
    """True when instructions or comments stand beside the root."""
    return root.getprevious() is not None or root.getnext() is not None


def intact(signature: Element, certificate: x509.Certificate) -> bool:
    """True when a signature that covers its whole document by `URI=""` is intact; False for any other kind."""
    info = signature.find(f"{{{DS}}}SignedInfo")
    value = _decoded(signature.find(f"{{{DS}}}SignatureValue"))
    if info is None or value is None or not _signed(info, value, certificate):
        return False
    references = list(info.iterfind(f"{{{DS}}}Reference"))
    return any(r.get("URI") == "" for r in references) and all(_agrees(r, signature) for r in references)


def canonical(held: Any, method: Element | None) -> bytes | None:
    """The canonical bytes of an element or a whole tree by a method or transform, None when it is not known."""
    options = CANONICAL.get(method.get("Algorithm", "")) if method is not None else _PLAIN
    if options is None:
        return None
    listed = [] if method is None else [e.get("PrefixList", "").split() for e in method if isinstance(e.tag, str)]
    prefixes = listed[0] if listed else None
    return bytes(etree.tostring(held, method="c14n", inclusive_ns_prefixes=prefixes, **options))


def _decoded(element: Element | None) -> bytes | None:
    try:
        return base64.b64decode("".join(xml.text(element).split()), validate=True) or None
    except (binascii.Error, ValueError):
        return None


def _signed(info: Element, value: bytes, certificate: x509.Certificate) -> bool:
    method = info.find(f"{{{DS}}}SignatureMethod")
    kind, digest = _METHODS.get(method.get("Algorithm", "") if method is not None else "", ("", hashes.SHA256()))
    data = canonical(info, info.find(f"{{{DS}}}CanonicalizationMethod"))
    if data is None:
        return False
    try:
        key = certificate.public_key()
        if kind == "rsa" and isinstance(key, rsa.RSAPublicKey):
            key.verify(value, data, padding.PKCS1v15(), digest)
        elif kind == "ec" and isinstance(key, ec.EllipticCurvePublicKey):
            half = len(value) // 2
            pair = (int.from_bytes(value[:half], "big"), int.from_bytes(value[half:], "big"))
            key.verify(encode_dss_signature(*pair), data, ec.ECDSA(digest))
        else:
            return False
    except (InvalidSignature, ValueError, UnsupportedAlgorithm):
        return False
    return True


def _agrees(reference: Element, signature: Element) -> bool:
    """True when the digest of a reference inside the document is the one written."""
    told = _decoded(reference.find(f"{{{DS}}}DigestValue"))
    method = reference.find(f"{{{DS}}}DigestMethod")
    name = HASHES.get(method.get("Algorithm", "") if method is not None else "")
    uri = reference.get("URI", "")
    if told is None or name is None:
        return False
    transforms = list(reference.iterfind(f"{{{DS}}}Transforms/{{{DS}}}Transform"))
    enveloped = [t for t in transforms if t.get("Algorithm") == f"{DS}enveloped-signature"]
    rest = [t for t in transforms if t not in enveloped]
    held: Any
    if uri == "":
        held = _without(signature) if enveloped else signature.getroottree()
    else:
        named = [e for e in signature.getroottree().iter() if uri[1:] in (e.get("Id"), e.get("ID"))]
        if not uri.startswith("#") or len(named) != 1:
            return False
        held = named[0]
    data = canonical(held, rest[-1] if rest else None)
    return data is not None and hashlib.new(name, data).digest() == told


def _without(signature: Element) -> Any:
    """A copy of the whole document without this signature, its tail kept."""
    tree = signature.getroottree()
    path = tree.getelementpath(signature)
    copied: Any = deepcopy(tree)
    gone = copied.find(path)
    parent = gone.getparent()
    before = gone.getprevious()
    if gone.tail:
        if before is not None:
            before.tail = (before.tail or "") + gone.tail
        else:
            parent.text = (parent.text or "") + gone.tail
    parent.remove(gone)
    return copied
