"""SII: the one session of a login RUT, and when its next login may be"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sii_sessions",
        sa.Column("login_rut", sa.String(12), nullable=False),
        sa.Column("number", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("secret", sa.Text(), nullable=True),
        sa.Column("fresh_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("try_again_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("login_rut", name=op.f("pk_sii_sessions")),
    )


def downgrade() -> None:
    op.drop_table("sii_sessions")
