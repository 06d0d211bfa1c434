"""Log-in by another party (OpenID Connect): off unless OIDC_ISSUER names one."""
