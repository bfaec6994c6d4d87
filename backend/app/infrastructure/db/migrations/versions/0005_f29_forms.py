"""monthly tax returns (F29) and their PDFs"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "f29_forms",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("folio", sa.BigInteger(), nullable=False),
        sa.Column("cod_int", sa.BigInteger(), nullable=True),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("month", sa.SmallInteger(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("status_raw", sa.String(), nullable=False),
        sa.Column("submitted_on", sa.Date(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("codes", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column(
            "code_faults",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
        ),
        sa.Column("pdf_status", sa.String(length=12), server_default="pending", nullable=False),
        sa.Column("pdf_sha256", sa.String(length=64), nullable=True),
        sa.Column("pdf_attempts", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("pdf_next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pdf_error", sa.String(), nullable=True),
        sa.Column(
            "synced_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_f29_forms_company_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_f29_forms")),
        sa.UniqueConstraint("company_id", "folio", name="uq_f29_forms_identity"),
    )
    op.create_index(
        "ix_f29_forms_company_period", "f29_forms", ["company_id", "year", "month"], unique=False
    )
    op.create_index(
        "ix_f29_forms_missing_pdfs",
        "f29_forms",
        ["company_id", "pdf_next_try_at"],
        unique=False,
        postgresql_where=sa.text("pdf_status IN ('pending', 'error')"),
    )
    op.create_table(
        "f29_pdf_files",
        sa.Column("form_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("pages", sa.SmallInteger(), nullable=False),
        sa.Column(
            "stored_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["form_id"],
            ["f29_forms.id"],
            name=op.f("fk_f29_pdf_files_form_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("form_id", name=op.f("pk_f29_pdf_files")),
    )


def downgrade() -> None:
    op.drop_table("f29_pdf_files")
    op.drop_table("f29_forms")
