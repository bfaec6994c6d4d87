"""summaries: how many of the documents that SII counts it also lists"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("document_summaries", sa.Column("detailed", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("document_summaries", "detailed")
