"""runs: how often in a row their worker died, and until when they are worth starting"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "runs", sa.Column("crashes", sa.SmallInteger(), server_default="0", nullable=False)
    )
    op.add_column("runs", sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
    # What `system.reconcile` looks through: few rows among many finished ones.
    op.create_index(
        "ix_runs_unfinished",
        "runs",
        ["queued_at"],
        postgresql_where=sa.text("finished_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_runs_unfinished", table_name="runs")
    op.drop_column("runs", "expires_at")
    op.drop_column("runs", "crashes")
