"""TLS as it is read on a wire: the messages of a handshake that go in clear (RFC 5246, RFC 8446)."""
