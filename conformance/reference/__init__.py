"""The reference vendors: independent products, each run in its own process and never imported by the bench.

They stand in for a vendor's product. The PFI takes documents in as HL7 v2 over MLLP, sends them on as DMP submissions
and as mails, gives business returns back, and hands documents received by mail to the destination system. The RI (`ri`)
keeps identities: PAM in and out, INSi, statuses, traces. Both have accounts, sign-in and a pilot.
From `conformance` they take only bytes-and-tokens modules (`standards/*/syntax.py`); every message they write comes
from their own templates. `python -m conformance.reference --config FILE` starts the one that the settings name.
"""
