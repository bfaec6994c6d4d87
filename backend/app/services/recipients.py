"""Who is told about a notification, by which channels, and what they wish."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.quiet_hours import Wishes, find_zone
from app.errors import InvalidInput
from app.infrastructure.db.models import (
    Membership,
    NotificationPreferences,
    NotificationSubscription,
    NotificationTemplate,
    ScheduledNotification,
    User,
)
from app.services.messages import Channel

CHILE = "America/Santiago"


@dataclass(frozen=True)
class Target:
    """A member of a company, and one way to reach them. `wishes` is None where they have none."""

    user_id: UUID
    company_id: UUID
    channel: Channel
    address: str
    wishes: Wishes | None = None


class Recipients:
    """The members of the companies that a batch of notifications is about."""

    def __init__(self, session: Session, batch: Sequence[ScheduledNotification]) -> None:
        companies = {row.company_id for row in batch}
        self._members = _members(session, companies)
        self._subscriptions = _subscriptions(session, companies)

    def of(
        self,
        notification: ScheduledNotification,
        template: NotificationTemplate,
        channels: Iterable[Channel],
    ) -> list[Target]:
        """Returns every way in which the members may be told; nobody where the company is not
        subscribed any more."""
        key = (notification.company_id, notification.template_code)
        subscription = self._subscriptions.get(key)
        if subscription is not None and not subscription.enabled:
            return []
        wanted = subscription.channels if subscription else None
        return [
            Target(user.id, notification.company_id, channel, address, wishes)
            for user, wishes in self._members[notification.company_id]
            for channel in channels
            if template.whatsapp_template is not None or not channel.approved_templates_only
            if wanted is None or channel.name in wanted
            if (address := channel.address_of(user))
        ]


def _members(
    session: Session, companies: Collection[UUID]
) -> Mapping[UUID, list[tuple[User, Wishes | None]]]:
    row = NotificationPreferences
    found = session.execute(
        select(Membership.company_id, User, row)
        .join(User, User.id == Membership.user_id)
        .outerjoin(row, (row.user_id == User.id) & (row.company_id == Membership.company_id))
        .where(Membership.company_id.in_(companies), func.coalesce(row.enabled, True))
        .order_by(User.id)
    )
    members = defaultdict(list)
    for company_id, user, preferences in found:
        members[company_id].append((user, wishes_of(user, preferences)))
    return members


def wishes_of(user: User, preferences: NotificationPreferences | None) -> Wishes | None:
    """Returns what a person has asked for as the rules take it."""
    if preferences is None:
        return None
    try:
        zone = find_zone(user.time_zone)
    except InvalidInput:  # a zone that was renamed or mistyped must not silence anybody
        zone = find_zone(CHILE)
    return Wishes(
        zone,
        preferences.quiet_start,
        preferences.quiet_end,
        frozenset(preferences.muted_weekdays),
        preferences.max_per_day,
        preferences.min_interval_minutes,
    )


def _subscriptions(
    session: Session, companies: Collection[UUID]
) -> Mapping[tuple[UUID, str], NotificationSubscription]:
    row = NotificationSubscription
    found = session.scalars(select(row).where(row.company_id.in_(companies)))
    return {(each.company_id, each.template_code): each for each in found}
