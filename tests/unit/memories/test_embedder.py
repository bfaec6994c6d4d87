"""Hashes of words: what the embeddings without a service can do, and what they cannot."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.infrastructure.mem0.embedder import WordHashes

HASHES = WordHashes(SimpleNamespace(embedding_dims=512))


def likeness(one: str, other: str) -> float:
    return sum(a * b for a, b in zip(HASHES.embed(one), HASHES.embed(other), strict=True))


@given(st.text())
def test_every_text_has_a_vector_of_unit_length(text: str) -> None:
    assert sum(each * each for each in HASHES.embed(text)) == pytest.approx(1)


def test_the_same_text_has_the_same_vector_in_every_process() -> None:
    number = next(i for i, each in enumerate(HASHES.embed("café")) if each)
    assert HASHES.embed("CAFE") == HASHES.embed("café")
    assert number == next(i for i, each in enumerate(HASHES.embed("cafe")) if each)


def test_shared_words_and_pieces_of_words_are_alike_and_others_are_not() -> None:
    question = "¿Cuál es la actividad de la empresa?"
    activity = "La actividad económica de la empresa es panadería."
    role = "Juana Pérez toma té por las mañanas."
    assert likeness(question, activity) > 0.4 > likeness(question, role)
    assert likeness("declaración", "declaraciones") > 0.3


def test_meaning_is_not_known() -> None:
    assert likeness("impuesto", "tributo") < 0.2
