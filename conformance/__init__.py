"""A test bench for the referencing of French health software (Ségur numérique)."""

__version__ = "0.1.0"
