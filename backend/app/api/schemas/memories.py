"""Memories over the wire."""

from typing import Literal

from pydantic import AwareDatetime, BaseModel, Field

from app.infrastructure.db.models import Memory


class MemoryView(BaseModel):
    """One fact that the assistant knows of its owner."""

    slug: str = Field(examples=["company_tax_regime"])
    category: str = Field(examples=["company_tax"])
    content: str
    state: Literal["pending", "accepted", "stored"] = Field(
        description="Whether Mem0 has it: `pending` may be, `accepted` soon, `stored` is."
    )
    updated_at: AwareDatetime

    @classmethod
    def of(cls, row: Memory) -> "MemoryView":
        """Returns a row as the API shows it."""
        return cls.model_validate(row, from_attributes=True)
