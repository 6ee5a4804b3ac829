"""The reference PFI: an independent integration platform, run in its own process and never imported by the bench.

It stands in for a vendor's product: documents come in as HL7 v2 over MLLP, leave as DMP submissions and as mails, and
business returns go back to the sender; documents received by mail are handed to the destination system.
From `conformance` it takes only bytes-and-tokens modules (`standards/*/syntax.py`); every message it writes comes from
its own templates. `python -m conformance.reference --config FILE` starts it.
"""
