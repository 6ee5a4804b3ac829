"""`conformance check` at work: the files found, judged in one process or several, told, and stopped when asked."""
