"""Official REM workbooks: which layouts there are, how one is read, and what changed against a profile."""
