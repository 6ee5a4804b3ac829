"""The EICAR test file, which every antivirus names as if it were a virus (EICAR, Anti-Malware Testfile).

Kept turned round and in Base64, so that no scanner takes this project for a threat.
"""

from __future__ import annotations

import base64

_TURNED = "=oCSrgEJhUETJZULUNVRU1yUVJVSWlEVOFULEJVQE5UQUNVLSF0QJVEJ9dTKDN0Np4FUoQTNYpFUcRzWQFEQlAVIPVDW"


def content() -> bytes:
    """The 68 bytes of the file."""
    return base64.b64decode(_TURNED[::-1])


def inside(data: bytes) -> bool:
    """Whether some bytes hold the test file, as it is or in Base64."""
    plain = content()
    return plain in data or base64.b64encode(plain)[:88] in data
