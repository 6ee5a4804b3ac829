"""Who may use the platform: accounts, sessions, sign-in by password or OpenID Connect, third-party connections.

One small module a matter; `service.Access` puts them together. `rules.AccessBehaviour` lists what a defect may replace.
"""
