"""SII: files that large registers were asked for, and when to look for them again"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "register_exports",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("direction", sa.String(8), nullable=False),
        sa.Column("period", sa.String(7), nullable=False),
        sa.Column("accounting_state", sa.String(10), nullable=False),
        sa.Column("newest_before", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("try_again_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_register_exports_company_id")
        ),
        sa.PrimaryKeyConstraint(
            "company_id", "direction", "period", "accounting_state",
            name=op.f("pk_register_exports"),
        ),
    )  # fmt: skip


def downgrade() -> None:
    op.drop_table("register_exports")
