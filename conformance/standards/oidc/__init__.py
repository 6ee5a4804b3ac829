"""OpenID Connect as it is heard at a provider: requests, answers, tokens (Core 1.0, CIBA Core 1.0, RFC 6749, 7519)."""
