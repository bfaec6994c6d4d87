"""Embeddings: of the words themselves, or by a service.

WordHashes needs no network, model or account, and gives the same vector everywhere and always. It
finds memories that share words or pieces of words with a question, in any language, accents and
case aside. It knows no meaning: "impuesto" does not find "tributo".
"""

import math
import re
import unicodedata
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

import httpx

TIMEOUT = 10  # s
PIECE = 3  # letters


class WordHashes:
    """Hashes words and their pieces of three letters into a vector of unit length."""

    def __init__(self, config: Any) -> None:
        self.config = config

    def embed(self, text: str, memory_action: str | None = None) -> list[float]:  # noqa: ARG002
        """Returns the vector of a text."""
        vector = [0.0] * self.config.embedding_dims
        for feature, weight in _features(text):
            number = int.from_bytes(blake2b(feature.encode(), digest_size=8).digest())
            vector[(number >> 1) % len(vector)] += weight if number & 1 else -weight
        length = math.sqrt(sum(each * each for each in vector))
        return [each / length for each in vector] if length else [1.0, *vector[1:]]


class EmbeddingService:
    """Asks a service with OpenAI's interface, e.g. one of the house on vLLM or Ollama."""

    def __init__(self, config: Any) -> None:
        self.config = config
        key = config.api_key
        self._client = httpx.Client(
            base_url=config.openai_base_url.rstrip("/"),
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=TIMEOUT,
        )

    def embed(self, text: str, memory_action: str | None = None) -> list[float]:  # noqa: ARG002
        """Returns the vector of a text. Raises httpx.HTTPError, ValueError."""
        body = {"model": self.config.model, "input": [text]}
        answer = self._client.post("/embeddings", json=body).raise_for_status()
        try:
            vector = [float(each) for each in answer.json()["data"][0]["embedding"]]
        except (LookupError, TypeError) as error:
            raise ValueError("no embedding in the answer") from error
        if len(vector) != self.config.embedding_dims:
            raise ValueError(f"{len(vector)} numbers instead of {self.config.embedding_dims}")
        return vector


def _features(text: str) -> Iterator[tuple[str, float]]:
    plain = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(each for each in plain if not unicodedata.combining(each))
    for word in re.findall(r"\w+", letters):
        yield word, 1.0
        padded = f"^{word}$"
        for start in range(len(padded) - PIECE + 1):
            yield padded[start : start + PIECE], 0.3
