"""INSi: the SOAP service that searches and verifies the INS of a person."""
