"""What must not leak, and what proves an identity: secrets, redaction, certificates in PEM, JSON Web Tokens."""
