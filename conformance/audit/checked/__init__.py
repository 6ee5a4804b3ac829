"""The reports of `conformance check`: HTML, JUnit, SARIF and JSON lines, written as the documents are judged."""
