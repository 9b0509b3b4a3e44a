"""Object identifiers, dotted: names of the standards on the left. A table and nothing else."""

from __future__ import annotations

DATA = "1.2.840.113549.1.7.1"
SIGNED_DATA = "1.2.840.113549.1.7.2"
ENVELOPED_DATA = "1.2.840.113549.1.7.3"
AUTH_ENVELOPED_DATA = "1.2.840.113549.1.9.16.1.23"
COMPRESSED_DATA = "1.2.840.113549.1.9.16.1.9"

CONTENT_TYPE = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
SIGNING_TIME = "1.2.840.113549.1.9.5"
CAPABILITIES = "1.2.840.113549.1.9.15"
SMTP_UTF8_MAILBOX = "1.3.6.1.5.5.7.8.9"

MD5 = "1.2.840.113549.2.5"
SHA1 = "1.3.14.3.2.26"
SHA224 = "2.16.840.1.101.3.4.2.4"
SHA256 = "2.16.840.1.101.3.4.2.1"
SHA384 = "2.16.840.1.101.3.4.2.2"
SHA512 = "2.16.840.1.101.3.4.2.3"

RSA = "1.2.840.113549.1.1.1"
RSA_OAEP = "1.2.840.113549.1.1.7"
MGF1 = "1.2.840.113549.1.1.8"
P_SPECIFIED = "1.2.840.113549.1.1.9"
RSA_PSS = "1.2.840.113549.1.1.10"
EC_PUBLIC_KEY = "1.2.840.10045.2.1"
ED25519 = "1.3.101.112"
X25519 = "1.3.101.110"

RSA_WITH = {
    "1.2.840.113549.1.1.4": MD5,
    "1.2.840.113549.1.1.5": SHA1,
    "1.3.14.3.2.29": SHA1,
    "1.2.840.113549.1.1.14": SHA224,
    "1.2.840.113549.1.1.11": SHA256,
    "1.2.840.113549.1.1.12": SHA384,
    "1.2.840.113549.1.1.13": SHA512,
}
ECDSA_WITH = {
    "1.2.840.10045.4.1": SHA1,
    "1.2.840.10045.4.3.1": SHA224,
    "1.2.840.10045.4.3.2": SHA256,
    "1.2.840.10045.4.3.3": SHA384,
    "1.2.840.10045.4.3.4": SHA512,
}

AES_CBC = {
    "2.16.840.1.101.3.4.1.2": 16,
    "2.16.840.1.101.3.4.1.22": 24,
    "2.16.840.1.101.3.4.1.42": 32,
}
AES_GCM = {
    "2.16.840.1.101.3.4.1.6": 16,
    "2.16.840.1.101.3.4.1.26": 24,
    "2.16.840.1.101.3.4.1.46": 32,
}
AES_WRAP = {
    "2.16.840.1.101.3.4.1.5": 16,
    "2.16.840.1.101.3.4.1.25": 24,
    "2.16.840.1.101.3.4.1.45": 32,
}
TRIPLE_DES_CBC = "1.2.840.113549.3.7"
CHACHA20_POLY1305 = "1.2.840.113549.1.9.16.3.18"

X963 = {  # RFC 5753: standard and cofactor Diffie-Hellman; the cofactor of our curves is 1
    "1.3.133.16.840.63.0.2": SHA1,
    "1.3.133.16.840.63.0.3": SHA1,
    "1.3.132.1.11.0": SHA224,
    "1.3.132.1.11.1": SHA256,
    "1.3.132.1.11.2": SHA384,
    "1.3.132.1.11.3": SHA512,
    "1.3.132.1.14.0": SHA224,
    "1.3.132.1.14.1": SHA256,
    "1.3.132.1.14.2": SHA384,
    "1.3.132.1.14.3": SHA512,
}
HKDF = {  # RFC 8418
    "1.2.840.113549.1.9.16.3.19": SHA256,
    "1.2.840.113549.1.9.16.3.20": SHA384,
    "1.2.840.113549.1.9.16.3.21": SHA512,
}

NAMES = {
    MD5: "md5",
    SHA1: "sha1",
    SHA224: "sha224",
    SHA256: "sha256",
    SHA384: "sha384",
    SHA512: "sha512",
    RSA: "rsa",
    RSA_OAEP: "rsa-oaep",
    RSA_PSS: "rsa-pss",
    ED25519: "ed25519",
    TRIPLE_DES_CBC: "3des-cbc",
    CHACHA20_POLY1305: "chacha20-poly1305",
    "1.2.840.113549.3.2": "rc2-cbc",
    "1.3.14.3.2.7": "des-cbc",
    **dict.fromkeys(RSA_WITH, "rsa"),
    **dict.fromkeys(ECDSA_WITH, "ecdsa"),
    **{dotted: f"aes{size * 8}-cbc" for dotted, size in AES_CBC.items()},
    **{dotted: f"aes{size * 8}-gcm" for dotted, size in AES_GCM.items()},
    **dict.fromkeys(X963, "ecdh-x963"),
    **dict.fromkeys(HKDF, "ecdh-hkdf"),
}


def name(dotted: str) -> str:
    """Return the usual name of an algorithm, or the identifier itself."""
    return NAMES.get(dotted, dotted[:80])
