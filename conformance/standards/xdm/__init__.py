"""IHE XDM archives (ITI-32; CI-SIS volet Échange de documents de santé): bytes, reading, building, judging."""
