"""Content encryption: AES-CBC (and, where an account allows it, 3DES), AES-GCM, ChaCha20-Poly1305.

RFC 3565, 5084, 8103. RC2 and DES are never opened. CBC proves nothing about who wrote the content or
whether it was changed (smime.md section 7); only the tag of an AEAD does, and it must have 12 to 16 octets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from smime import oid, structures
from smime.errors import MalformedError, UndecryptableError
from smime.parse import guarded

if TYPE_CHECKING:
    from smime.parse import Algorithm, EncryptedPart

TAG_SIZES = range(12, 17)
CHACHA_NONCE = 12
CHACHA_TAG = 16


def key_size(algorithm: Algorithm, *, triple_des: bool = False) -> int | None:
    """Return the octets of key an algorithm takes, None for one we do not open."""
    if algorithm.oid == oid.TRIPLE_DES_CBC:
        return 24 if triple_des else None
    if algorithm.oid == oid.CHACHA20_POLY1305:
        return 32
    return oid.AES_CBC.get(algorithm.oid) or oid.AES_GCM.get(algorithm.oid)


def decrypt(part: EncryptedPart, key: bytes) -> bytes:
    """Return the content of an EnvelopedData or AuthEnvelopedData.

    :raises UndecryptableError: for every reason alike.
    """
    try:
        if part.tag is not None:
            return _authenticated(part, key, part.tag)
        return _block(part, key)
    except (ValueError, TypeError, InvalidTag, MalformedError) as error:
        raise UndecryptableError(type(error).__name__) from None


def _block(part: EncryptedPart, key: bytes) -> bytes:
    if part.algorithm.oid in oid.AES_CBC:
        cipher = Cipher(algorithms.AES(key), modes.CBC(_octets(part.algorithm.parameters)))
        return _unpadded(cipher.decryptor(), part.content, 128)
    if part.algorithm.oid == oid.TRIPLE_DES_CBC:
        legacy = Cipher(TripleDES(key), modes.CBC(_octets(part.algorithm.parameters)))
        return _unpadded(legacy.decryptor(), part.content, 64)
    raise UndecryptableError("no block cipher")


def _unpadded(context: CipherContext, data: bytes, bits: int) -> bytes:
    padded = context.update(data) + context.finalize()
    unpadder = padding.PKCS7(bits).unpadder()
    return unpadder.update(padded) + unpadder.finalize()


def _authenticated(part: EncryptedPart, key: bytes, tag: bytes) -> bytes:
    if part.algorithm.oid == oid.CHACHA20_POLY1305:
        nonce = _octets(part.algorithm.parameters)
        if len(tag) != CHACHA_TAG or len(nonce) != CHACHA_NONCE:
            raise UndecryptableError("nonce or tag of the wrong size")
        return ChaCha20Poly1305(key).decrypt(nonce, part.content + tag, part.aad)
    if part.algorithm.oid in oid.AES_GCM:
        return _gcm(part, key, tag)
    raise UndecryptableError("no authenticated cipher")


def _gcm(part: EncryptedPart, key: bytes, tag: bytes) -> bytes:
    nonce, size = gcm_parameters(part.algorithm.parameters)
    if size not in TAG_SIZES or len(tag) != size:
        raise UndecryptableError("a tag of the wrong size")
    context = Cipher(algorithms.AES(key), modes.GCM(nonce, tag, min_tag_length=TAG_SIZES[0])).decryptor()
    context.authenticate_additional_data(part.aad)
    return context.update(part.content) + context.finalize()


@guarded
def gcm_parameters(encoded: bytes) -> tuple[bytes, int]:
    """Return nonce and tag length of GCMParameters (RFC 5084 3.2).

    :raises MalformedError: not the structure.
    """
    parameters = structures.AeadParameters.load(encoded, strict=True)
    return bytes(parameters["nonce"].native), int(parameters["tag"].native)


@guarded
def _octets(encoded: bytes) -> bytes:
    return bytes(structures.OctetString.load(encoded, strict=True).native)
