"""calendar, preferences of people, memories, onboarding

Long because these tables refer to each other and came in one release.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "channel_limits",
        sa.Column("channel", sa.String(length=8), nullable=False),
        sa.Column("free_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_channel_limits")),
    )
    op.create_table(
        "event_templates",
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("category", sa.String(length=16), nullable=False),
        sa.Column("authority", sa.String(), nullable=False),
        sa.Column("is_mandatory", sa.Boolean(), nullable=False),
        sa.Column("display_days_before", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_event_templates")),
    )
    op.create_table(
        "extra_holidays",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_extra_holidays")),
    )
    op.create_table(
        "memories",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_type", sa.String(length=8), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.String(length=120), nullable=False),
        sa.Column("category", sa.String(length=60), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("store", sa.String(length=16), nullable=False),
        sa.Column("mem0_id", sa.String(), nullable=True),
        sa.Column("state", sa.String(length=8), server_default="pending", nullable=False),
        sa.Column("written_by", sa.Uuid(), nullable=True),
        sa.Column("change", sa.String(length=8), server_default="created", nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_memories")),
        sa.UniqueConstraint("owner_type", "owner_id", "slug", name="uq_memories_slug"),
    )
    op.create_table(
        "calendar_feeds",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_calendar_feeds_company_id")
        ),
        sa.PrimaryKeyConstraint("company_id", name=op.f("pk_calendar_feeds")),
    )
    op.create_table(
        "company_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("template_code", sa.String(length=32), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_company_events_company_id")
        ),
        sa.ForeignKeyConstraint(
            ["template_code"],
            ["event_templates.code"],
            name=op.f("fk_company_events_template_code"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_company_events")),
        sa.UniqueConstraint("company_id", "template_code", name="uq_company_events_template"),
    )
    op.create_table(
        "company_tax_info",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("regime", sa.String(), nullable=True),
        sa.Column("activity_code", sa.String(), nullable=True),
        sa.Column("activity_name", sa.String(), nullable=True),
        sa.Column("started_on", sa.Date(), nullable=True),
        sa.Column("f29_due_day", sa.SmallInteger(), server_default="12", nullable=False),
        sa.Column("has_employees", sa.Boolean(), nullable=True),
        sa.Column("pays_fees", sa.Boolean(), nullable=True),
        sa.Column("pays_additional_tax", sa.Boolean(), nullable=True),
        sa.Column("owns_real_estate", sa.Boolean(), nullable=True),
        sa.Column(
            "raw",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_company_tax_info_company_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_company_tax_info")),
        sa.UniqueConstraint("company_id", name=op.f("uq_company_tax_info_company_id")),
    )
    op.create_table(
        "notification_preferences",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("quiet_start", sa.Time(), nullable=True),
        sa.Column("quiet_end", sa.Time(), nullable=True),
        sa.Column(
            "muted_weekdays",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
        ),
        sa.Column("max_per_day", sa.SmallInteger(), nullable=True),
        sa.Column("min_interval_minutes", sa.SmallInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_notification_preferences_company_id")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_notification_preferences_user_id")
        ),
        sa.PrimaryKeyConstraint("user_id", "company_id", name=op.f("pk_notification_preferences")),
    )
    op.create_table(
        "onboardings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("is_new_company", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("tries", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_onboardings_company_id")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_onboardings_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_onboardings")),
        sa.UniqueConstraint("company_id", name=op.f("uq_onboardings_company_id")),
    )
    op.create_table(
        "calendar_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("company_event_id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("template_code", sa.String(length=32), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False),
        sa.Column("installment", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("nominal_due_date", sa.Date(), nullable=False),
        sa.Column("due_date", sa.Date(), nullable=False),
        sa.Column("status", sa.String(length=12), server_default="pending", nullable=False),
        sa.Column("withdrawn", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["company_event_id"],
            ["company_events.id"],
            name=op.f("fk_calendar_events_company_event_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_calendar_events_company_id")
        ),
        sa.ForeignKeyConstraint(
            ["template_code"],
            ["event_templates.code"],
            name=op.f("fk_calendar_events_template_code"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_events")),
        sa.UniqueConstraint(
            "company_event_id", "period_start", "installment", name="uq_calendar_events_installment"
        ),
    )
    op.create_index(
        "ix_calendar_events_company_due",
        "calendar_events",
        ["company_id", "due_date"],
        unique=False,
    )
    op.create_index(
        "ix_calendar_events_open_due",
        "calendar_events",
        ["due_date"],
        unique=False,
        postgresql_where=sa.text("status NOT IN ('completed', 'cancelled')"),
    )
    op.create_table(
        "notification_subscriptions",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("template_code", sa.String(), nullable=False),
        sa.Column("enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("channels", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_notification_subscriptions_company_id")
        ),
        sa.ForeignKeyConstraint(
            ["template_code"],
            ["notification_templates.code"],
            name=op.f("fk_notification_subscriptions_template_code"),
        ),
        sa.PrimaryKeyConstraint(
            "company_id", "template_code", name=op.f("pk_notification_subscriptions")
        ),
    )
    op.create_table(
        "event_history",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("change", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"],
            ["calendar_events.id"],
            name=op.f("fk_event_history_event_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_history")),
    )
    op.create_index("ix_event_history_event_id", "event_history", ["event_id"], unique=False)
    op.add_column(
        "notification_deliveries", sa.Column("provider_status", sa.String(length=16), nullable=True)
    )
    op.add_column(
        "notification_deliveries",
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=True),
    )
    op.create_index(
        "ix_notification_deliveries_told",
        "notification_deliveries",
        ["user_id", "begun_at"],
        unique=False,
    )
    op.create_index(
        "ix_notification_deliveries_unknown",
        "notification_deliveries",
        ["id"],
        unique=False,
        postgresql_where=sa.text("status = 'unknown'"),
    )
    op.create_index(
        op.f("ix_notification_deliveries_provider_id"),
        "notification_deliveries",
        ["provider_id"],
        unique=False,
    )
    op.add_column(
        "notification_templates", sa.Column("event_code", sa.String(length=32), nullable=True)
    )
    op.add_column(
        "notification_templates", sa.Column("days_before", sa.SmallInteger(), nullable=True)
    )
    op.add_column(
        "notification_templates",
        sa.Column("send_at", sa.Time(), server_default="09:00", nullable=False),
    )
    op.add_column(
        "notification_templates", sa.Column("method", sa.String(length=32), nullable=True)
    )
    op.add_column(
        "notification_templates",
        sa.Column("auto_assign", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column(
        "notification_templates",
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
    )
    op.create_foreign_key(
        op.f("fk_notification_templates_event_code"),
        "notification_templates",
        "event_templates",
        ["event_code"],
        ["code"],
    )
    op.add_column(
        "scheduled_notifications", sa.Column("entity_type", sa.String(length=16), nullable=True)
    )
    op.add_column("scheduled_notifications", sa.Column("entity_id", sa.Uuid(), nullable=True))
    op.create_index(
        "ix_scheduled_notifications_entity",
        "scheduled_notifications",
        ["entity_type", "entity_id"],
        unique=False,
    )
    op.add_column("users", sa.Column("rut", sa.String(length=12), nullable=True))
    op.add_column(
        "users",
        sa.Column("time_zone", sa.String(), server_default="America/Santiago", nullable=False),
    )


def downgrade() -> None:
    op.drop_column("users", "time_zone")
    op.drop_column("users", "rut")
    op.drop_index("ix_scheduled_notifications_entity", table_name="scheduled_notifications")
    op.drop_column("scheduled_notifications", "entity_id")
    op.drop_column("scheduled_notifications", "entity_type")
    op.drop_constraint(
        op.f("fk_notification_templates_event_code"), "notification_templates", type_="foreignkey"
    )
    op.drop_column("notification_templates", "is_active")
    op.drop_column("notification_templates", "auto_assign")
    op.drop_column("notification_templates", "method")
    op.drop_column("notification_templates", "send_at")
    op.drop_column("notification_templates", "days_before")
    op.drop_column("notification_templates", "event_code")
    op.drop_index(
        op.f("ix_notification_deliveries_provider_id"), table_name="notification_deliveries"
    )
    op.drop_index("ix_notification_deliveries_unknown", table_name="notification_deliveries")
    op.drop_index("ix_notification_deliveries_told", table_name="notification_deliveries")
    op.drop_column("notification_deliveries", "begun_at")
    op.drop_column("notification_deliveries", "provider_status")
    op.drop_index("ix_event_history_event_id", table_name="event_history")
    op.drop_table("event_history")
    op.drop_table("notification_subscriptions")
    op.drop_index(
        "ix_calendar_events_open_due",
        table_name="calendar_events",
        postgresql_where=sa.text("status NOT IN ('completed', 'cancelled')"),
    )
    op.drop_index("ix_calendar_events_company_due", table_name="calendar_events")
    op.drop_table("calendar_events")
    op.drop_table("onboardings")
    op.drop_table("notification_preferences")
    op.drop_table("company_tax_info")
    op.drop_table("calendar_feeds")
    op.drop_table("company_events")
    op.drop_table("memories")
    op.drop_table("extra_holidays")
    op.drop_table("event_templates")
    op.drop_table("channel_limits")
