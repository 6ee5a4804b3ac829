"""What was heard and what was said of it: exchanges, findings, witnesses, verdicts, and the journal."""
