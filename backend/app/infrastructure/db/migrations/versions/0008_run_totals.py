"""runs: totals that outlive them, what they are counted by, and when beat's entries are due"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("retries", "deaths"):
        op.add_column(
            "runs", sa.Column(name, sa.SmallInteger(), server_default="0", nullable=False)
        )
    op.add_column("runs", sa.Column("first_started_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "runs", sa.Column("counted", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.create_index(
        "ix_runs_uncounted",
        "runs",
        ["finished_at"],
        postgresql_where=sa.text("finished_at IS NOT NULL AND NOT counted"),
    )
    op.create_table(
        "run_totals",
        sa.Column("queue", sa.String(), nullable=False),
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("error_code", sa.String(), nullable=False),
        sa.Column("runs", sa.BigInteger(), nullable=False),
        sa.Column("retries", sa.BigInteger(), nullable=False),
        sa.Column("deaths", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "queue", "task", "outcome", "error_code", name=op.f("pk_run_totals")
        ),
    )
    op.create_table(
        "run_time_totals",
        sa.Column("queue", sa.String(), nullable=False),
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("phase", sa.String(length=4), nullable=False),
        sa.Column("le", sa.Double(), nullable=False),
        sa.Column("runs", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("queue", "task", "phase", "le", name=op.f("pk_run_time_totals")),
    )
    op.create_table(
        "due_entries",
        sa.Column("entry", sa.String(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("entry", name=op.f("pk_due_entries")),
    )


def downgrade() -> None:
    for name in ("due_entries", "run_time_totals", "run_totals"):
        op.drop_table(name)
    op.drop_index("ix_runs_uncounted", table_name="runs")
    for name in ("counted", "first_started_at", "deaths", "retries"):
        op.drop_column("runs", name)
