"""documents that the portal no longer shows, and when each register was last read"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "tax_documents", sa.Column("missing_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column(
        "tax_documents", sa.Column("vanished_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.create_index(
        "ix_tax_documents_missing",
        "tax_documents",
        ["company_id", "direction"],
        unique=False,
        postgresql_where=sa.text("missing_at IS NOT NULL AND vanished_at IS NULL"),
    )
    op.create_table(
        "register_marks",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("direction", sa.String(length=8), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column(
            "read_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_register_marks_company_id")
        ),
        sa.PrimaryKeyConstraint(
            "company_id", "direction", "period", name=op.f("pk_register_marks")
        ),
    )
    op.execute(
        "INSERT INTO register_marks (company_id, direction, period, read_at)"
        " SELECT company_id, direction, period, max(sync_checkpoints.finished_at)"
        " FROM sync_checkpoints JOIN runs ON runs.id = run_id"
        " WHERE company_id IS NOT NULL GROUP BY company_id, direction, period"
    )


def downgrade() -> None:
    op.drop_table("register_marks")
    op.drop_index(
        "ix_tax_documents_missing",
        table_name="tax_documents",
        postgresql_where=sa.text("missing_at IS NOT NULL AND vanished_at IS NULL"),
    )
    op.drop_column("tax_documents", "vanished_at")
    op.drop_column("tax_documents", "missing_at")
