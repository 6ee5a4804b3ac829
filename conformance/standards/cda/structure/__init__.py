"""The structure of a CDA document: the content model as data, compiled once, and findings in our own words.

`model.txt` holds the model, `notation.py` reads it, `schema.py` compiles it, `content.py` explains a misfit,
`judge.py` makes the findings.
"""
