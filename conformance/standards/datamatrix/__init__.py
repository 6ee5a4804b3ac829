"""Symbols printed on documents: INS datamatrix, GS1 DataMatrix, QR codes."""
