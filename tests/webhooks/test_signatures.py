"""Signatures against published test vectors (RFC 2202, RFC 4231)."""

from __future__ import annotations

import base64

import pytest

from customerp_trello.webhooks.signatures import matches, sha256_signature, trello_signature

SHA1 = bytes.fromhex("effcdf6ae5eb2fa2d27416d5f184df9c259a7c79")
SHA256 = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"


def test_trello_signs_the_body_and_then_the_address():
    signed = trello_signature("Jefe", b"what do ya want ", "for nothing?")
    assert signed == base64.b64encode(SHA1).decode()
    assert signed != trello_signature("Jefe", b"for nothing?", "what do ya want ")


def test_an_erp_signs_the_body_in_either_writing():
    body = b"what do ya want for nothing?"
    assert sha256_signature("Jefe", body, "hex") == SHA256
    assert sha256_signature("Jefe", body, "base64") == base64.b64encode(bytes.fromhex(SHA256)).decode()


@pytest.mark.parametrize("given", [None, "", SHA256[:-1], SHA256.upper(), f"{SHA256} ", "ü\udc80"])
def test_only_the_very_signature_matches(given):
    assert matches(SHA256, SHA256)
    assert not matches(given, SHA256)
