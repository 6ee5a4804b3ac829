"""Judges of the document rows (DOC) of the DSRs, over documents captured on a channel or read from files.

They need no exercise: `rows.py` lists them, `verdicts.py` runs them over a bundle.
"""
