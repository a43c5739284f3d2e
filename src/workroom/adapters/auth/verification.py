"""Keys that check signatures. Each is bound to one algorithm, so a token cannot choose another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from jwt.algorithms import Algorithm, ECAlgorithm, HMACAlgorithm, OKPAlgorithm, RSAAlgorithm
from jwt.exceptions import PyJWTError

from workroom.errors import Misconfigured

HS256: Final = "HS256"
RS256: Final = "RS256"
ES256: Final = "ES256"
EDDSA: Final = "EdDSA"

_ALGORITHMS: Final[Mapping[str, Algorithm]] = {
    HS256: HMACAlgorithm(HMACAlgorithm.SHA256),
    RS256: RSAAlgorithm(RSAAlgorithm.SHA256),
    ES256: ECAlgorithm(ECAlgorithm.SHA256, SECP256R1),
    EDDSA: OKPAlgorithm(),
}
_JWK_READERS: Final[Mapping[str, Callable[[dict[str, Any]], object]]] = {
    "RSA": RSAAlgorithm.from_jwk,
    "EC": ECAlgorithm.from_jwk,
    "OKP": OKPAlgorithm.from_jwk,
}
_MIN_RSA_BITS: Final = 2048
_MAX_RSA_BITS: Final = 8192
"""Larger keys would make every check of a token slow."""


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A key and the one algorithm that it may be used with."""

    algorithm: str
    key: Any = field(repr=False)

    def verifies(self, signed: bytes, signature: bytes) -> bool:
        """Whether ``signature`` was made over ``signed`` by the owner of this key."""
        try:
            return _ALGORITHMS[self.algorithm].verify(signed, self.key, signature)
        except (ValueError, TypeError, PyJWTError):
            return False


def canonical_algorithm(name: object) -> str | None:
    """Our name of an algorithm; None for those that we do not use.

    RFC 9864 renamed ``EdDSA`` with that curve to ``Ed25519``; both are in use.
    """
    if name == "Ed25519":
        return EDDSA
    return name if isinstance(name, str) and name in _ALGORITHMS else None


def secret_key(secret: bytes) -> VerificationKey:
    """The HS256 key. Raises Misconfigured for something that is a public key or a JWK."""
    try:
        return VerificationKey(HS256, _ALGORITHMS[HS256].prepare_key(secret))
    except PyJWTError:
        raise Misconfigured("the secret is empty, or a key file or JWK instead") from None


def sign(secret: VerificationKey, message: bytes) -> bytes:
    """The HS256 signature of ``message``."""
    signature: bytes = _ALGORITHMS[HS256].sign(message, secret.key)
    return signature


def load_public_key(path: Path | None) -> VerificationKey | None:
    """The key in a PEM file, if one is set. Raises Misconfigured."""
    if path is None:
        return None
    try:
        return public_key(path.read_bytes())
    except OSError as error:
        message = f"cannot read the public key: {error.strerror}"
        raise Misconfigured(message, field="WORKROOM_AUTH_PUBLIC_KEY") from None


def public_key(
    pem: str | bytes, algorithm: str | None = None, *, setting: str = "WORKROOM_AUTH_PUBLIC_KEY"
) -> VerificationKey:
    """Read a PEM public key or certificate: RSA (RS256), P-256 (ES256) or Ed25519 (EdDSA).

    ``algorithm``, when given, must be the one that fits the key. Raises Misconfigured, naming
    ``setting``.
    """
    try:
        data = (pem.encode() if isinstance(pem, str) else pem).strip()
        if b"BEGIN CERTIFICATE" in data:
            found = _bound(x509.load_pem_x509_certificate(data).public_key())
        else:
            found = _bound(load_pem_public_key(data))
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Misconfigured(f"{setting} is not a PEM public key", field=setting) from None
    if found is None:
        raise Misconfigured(
            f"{setting} must be an RSA key of {_MIN_RSA_BITS} to {_MAX_RSA_BITS} bits, a P-256 or "
            "an Ed25519 key",
            field=setting,
        )
    if algorithm is not None and canonical_algorithm(algorithm) != found.algorithm:
        raise Misconfigured(f"{setting} is a key for {found.algorithm}", field=setting)
    return found


def key_from_jwk(jwk: Mapping[str, Any]) -> VerificationKey | None:
    """A public signature key of a JWK set; None for any other kind of entry.

    Secret keys are among the others: whoever can read a published set could sign with them.
    """
    try:
        if jwk.get("kty") not in _JWK_READERS or "d" in jwk or not _signs(jwk):
            return None
        found = _bound(_JWK_READERS[jwk["kty"]](dict(jwk)))
    except (ValueError, TypeError, KeyError, AttributeError, PyJWTError, UnsupportedAlgorithm):
        return None
    declared = jwk.get("alg")
    if found is None or (declared is not None and canonical_algorithm(declared) != found.algorithm):
        return None
    return found


def _signs(jwk: Mapping[str, Any]) -> bool:
    return jwk.get("use", "sig") == "sig" and "verify" in jwk.get("key_ops", ("verify",))


def _bound(key: object) -> VerificationKey | None:
    """The key with its algorithm; None for a kind or size that we do not take."""
    match key:
        case RSAPublicKey() if _MIN_RSA_BITS <= key.key_size <= _MAX_RSA_BITS:
            return VerificationKey(RS256, key)
        case EllipticCurvePublicKey() if isinstance(key.curve, SECP256R1):
            return VerificationKey(ES256, key)
        case Ed25519PublicKey():
            return VerificationKey(EDDSA, key)
        case _:
            return None
