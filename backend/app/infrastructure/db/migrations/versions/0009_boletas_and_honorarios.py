"""boletas per day, and boletas de honorarios that companies received"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "daily_boletas",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("doc_type", sa.SmallInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("exempt", sa.BigInteger(), nullable=False),
        sa.Column("net", sa.BigInteger(), nullable=False),
        sa.Column("vat", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column(
            "synced_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_daily_boletas_company_id")
        ),
        sa.PrimaryKeyConstraint("company_id", "doc_type", "day", name=op.f("pk_daily_boletas")),
    )
    op.create_index(
        "ix_daily_boletas_company_period", "daily_boletas", ["company_id", "period"], unique=False
    )
    op.create_table(
        "received_fees",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("issuer_rut", sa.String(length=12), nullable=False),
        sa.Column("folio", sa.BigInteger(), nullable=False),
        sa.Column("issuer_name", sa.String(), nullable=False),
        sa.Column("issue_date", sa.Date(), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("status_raw", sa.String(), nullable=False),
        sa.Column("annulled_on", sa.Date(), nullable=True),
        sa.Column("gross", sa.BigInteger(), nullable=False),
        sa.Column("withheld", sa.BigInteger(), nullable=False),
        sa.Column("net", sa.BigInteger(), nullable=False),
        sa.Column("row_hash", sa.String(length=64), nullable=False),
        sa.Column(
            "synced_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("vanished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_received_fees_company_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_received_fees")),
        sa.UniqueConstraint("company_id", "issuer_rut", "folio", name="uq_received_fees_identity"),
    )
    op.create_index(
        "ix_received_fees_company_period", "received_fees", ["company_id", "period"], unique=False
    )


def downgrade() -> None:
    op.drop_table("received_fees")
    op.drop_table("daily_boletas")
    # They would say that the tables that come back empty were filled.
    op.execute("DELETE FROM sync_checkpoints WHERE direction NOT IN ('purchase', 'sale')")
    op.execute("DELETE FROM register_marks WHERE direction NOT IN ('purchase', 'sale')")
