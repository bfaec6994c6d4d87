"""F29: which store holds a PDF, and under which key"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TABLE = "f29_pdf_files"


def upgrade() -> None:
    op.add_column(
        TABLE, sa.Column("store", sa.String(12), server_default="postgres", nullable=False)
    )
    op.add_column(TABLE, sa.Column("key", sa.String(), nullable=True))
    op.alter_column(TABLE, "content", existing_type=sa.LargeBinary(), nullable=True)
    op.create_check_constraint(
        op.f("ck_f29_pdf_files_one_place"), TABLE, "(content IS NULL) = (key IS NOT NULL)"
    )


def downgrade() -> None:
    # PDFs that lie elsewhere have no place in the table before: they are fetched again.
    op.execute(
        "UPDATE f29_forms SET pdf_status = 'pending', pdf_attempts = 0 WHERE id IN"
        " (SELECT form_id FROM f29_pdf_files WHERE content IS NULL)"
    )
    op.execute("DELETE FROM f29_pdf_files WHERE content IS NULL")
    op.drop_constraint(op.f("ck_f29_pdf_files_one_place"), TABLE)
    op.alter_column(TABLE, "content", existing_type=sa.LargeBinary(), nullable=False)
    op.drop_column(TABLE, "key")
    op.drop_column(TABLE, "store")
