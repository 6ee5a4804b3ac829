"""IHE PAM, French national extension (PAM FR 2.9 and 2.11): values, reader, builders, acknowledgements, rules."""
