"""What providers allow: so many messages a second, and none while they ask us to wait.

Both stand in a row per channel, so that they hold for all workers together.
"""

from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.infrastructure.db.models import ChannelLimit
from app.services.messages import Channel

# As text: it is asked before each few messages, and the ORM would take as long as the server.
_FREE_AT = text("SELECT free_at FROM channel_limits WHERE channel = :channel")

PATIENCE = timedelta(seconds=2)  # what would have to wait longer gives its place to others


def reserve(session: Session, channel: Channel, wanted: int, now: datetime) -> tuple[int, datetime]:
    """Returns how many of `wanted` messages the channel may be given now, and when it may be given
    the next one. Holds the channel until the transaction ends."""
    if channel.per_second is None:
        free_at = session.scalar(_FREE_AT, {"channel": channel.name})
        return (wanted, now) if free_at is None or free_at <= now else (0, free_at)
    pace = timedelta(seconds=1 / channel.per_second)
    free_at = max(_locked(session, channel.name, now), now - _burst(pace))
    number = min(wanted, max(0, 1 + (now - free_at) // pace)) if free_at <= now else 0
    if number:
        _set(session, channel.name, free_at + number * pace)
    return number, free_at + number * pace


def pause(session: Session, channel: str, until: datetime) -> None:
    """Gives the channel no message before `until`, since its provider asked for that."""
    statement = insert(ChannelLimit).values(channel=channel, free_at=until)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=[ChannelLimit.channel],
            set_={"free_at": until},
            where=ChannelLimit.free_at < until,
        )
    )


def _burst(pace: timedelta) -> timedelta:
    """What was not used may be made up for: a twentieth of a second, or one message."""
    return max(timedelta(seconds=0.05), pace) - pace


def _locked(session: Session, channel: str, now: datetime) -> datetime:
    statement = insert(ChannelLimit).values(channel=channel, free_at=now)
    return session.scalars(
        statement.on_conflict_do_update(
            index_elements=[ChannelLimit.channel], set_={"free_at": ChannelLimit.free_at}
        ).returning(ChannelLimit.free_at)
    ).one()


def _set(session: Session, channel: str, free_at: datetime) -> None:
    row = session.get_one(ChannelLimit, channel)
    row.free_at = free_at
