"""The typed wrapper around `phe`, the only module of the project that imports it.

`phe` is the independent implementation that anybody installs to repeat an opening. The project computes
with its own arithmetic, which is faster, and holds it against these functions in its tests and its
verifier.
"""

from typing import cast

from phe.paillier import PaillierPrivateKey, PaillierPublicKey

from crypto.errors import OutOfRange


def encrypt(n: int, plaintext: int, root: int) -> int:
    """`PaillierPublicKey(n).raw_encrypt(plaintext, r_value=root)`: (1 + m·n)·ρ^n mod n².

    0 ≤ plaintext < n, 1 ≤ root < n. Raises: OutOfRange (phe would draw a random root for 0).
    """
    if not 0 <= plaintext < n or not 1 <= root < n:
        raise OutOfRange("The plaintext must lie in 0 … n - 1 and the root in 1 … n - 1.")
    return int(cast(int, PaillierPublicKey(n).raw_encrypt(plaintext, r_value=root)))


def decrypt(p: int, q: int, ciphertext: int) -> int:
    """`PaillierPrivateKey(PaillierPublicKey(p·q), p, q).raw_decrypt(ciphertext)`."""
    private_key = PaillierPrivateKey(PaillierPublicKey(p * q), p, q)
    return int(cast(int, private_key.raw_decrypt(ciphertext)))
