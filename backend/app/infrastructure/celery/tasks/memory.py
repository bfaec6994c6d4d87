"""Tasks that remember, and one that forgets. Queue `default`."""

from typing import Any

from app import bootstrap
from app.infrastructure.celery import app


@app.task(name="memory.save_user_memories", bind=True, soft_time_limit=120, time_limit=180)
def save_user_memories(
    self: Any, *, user_id: str, memories: list[dict[str, str]]
) -> dict[str, int]:
    """Saves facts about a person."""
    from app.infrastructure.db.session import get_session_factory
    from app.services import memories as service

    return service.save_user_memories(
        get_session_factory(),
        bootstrap.memory_store(),
        attempt=self.attempt,
        user_id=user_id,
        memories=memories,
    )


@app.task(name="memory.save_company_memories", bind=True, soft_time_limit=120, time_limit=180)
def save_company_memories(
    self: Any, *, company_id: str, memories: list[dict[str, str]]
) -> dict[str, int]:
    """Saves facts about a company."""
    from app.infrastructure.db.session import get_session_factory
    from app.services import memories as service

    return service.save_company_memories(
        get_session_factory(),
        bootstrap.memory_store(),
        attempt=self.attempt,
        company_id=company_id,
        memories=memories,
    )


@app.task(name="memory.save_onboarding_memories", bind=True, soft_time_limit=180, time_limit=240)
def save_onboarding_memories(
    self: Any,
    *,
    user_id: str,
    company_id: str,
    company_tax_info_id: str | None = None,
    contribuyente_info: dict[str, Any] | None = None,
    is_new_company: bool = True,
) -> dict[str, int]:
    """Saves what is known of a company that joins, and of its user's place in it."""
    from app.infrastructure.db.session import get_session_factory
    from app.services import onboarding_memories

    return onboarding_memories.save_onboarding_memories(
        get_session_factory(),
        bootstrap.memory_store(),
        attempt=self.attempt,
        user_id=user_id,
        company_id=company_id,
        company_tax_info_id=company_tax_info_id,
        contribuyente_info=contribuyente_info,
        is_new_company=is_new_company,
    )


@app.task(name="system.forget_memories", bind=True, soft_time_limit=180, time_limit=240)
def forget_memories(self: Any, *, owner_type: str, owner_id: str) -> dict[str, int]:
    """Takes out of Mem0 what its owner had deleted."""
    from app.infrastructure.db.session import get_session_factory
    from app.services import memory_deletion

    return memory_deletion.forget_memories(
        get_session_factory(),
        bootstrap.memory_store(),
        attempt=self.attempt,
        owner_type=owner_type,
        owner_id=owner_id,
    )
