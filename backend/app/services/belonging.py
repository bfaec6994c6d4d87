"""Which rows belong to whom, read off the foreign keys: a new table is covered by declaring one."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Column, ColumnElement, Text, cast, false, func, or_, select, text
from sqlalchemy.orm import Session
from sqlalchemy.sql.roles import ExpressionElementRole

from app.infrastructure.db.models import Base

Rows = dict[str, ColumnElement[bool]]  # by table, parents first


def with_children(roots: Mapping[str, ColumnElement[bool]]) -> Rows:
    """Returns the rows of `roots`, by table, and all that cannot be without them.

    A reference that may be empty makes no child; see `references`.
    """
    rows: Rows = {}
    for table in Base.metadata.sorted_tables:
        ways: list[ColumnElement[bool]] = [
            key.parent.in_(select(key.column).where(rows[key.column.table.name]))
            for key in sorted(table.foreign_keys, key=lambda key: key.parent.name)
            if key.column.table.name in rows and not key.parent.nullable
        ]
        if table.name in roots:
            ways.append(roots[table.name])
        if ways:
            rows[table.name] = or_(*ways)
    return rows


def references(target: str) -> list[Column[Any]]:
    """Returns the columns that may point to a row of the table `target`, and may be empty."""
    keys = [key for table in Base.metadata.sorted_tables for key in table.foreign_keys]
    return [key.parent for key in keys if key.column.table.name == target and key.parent.nullable]


def mentions(column: ExpressionElementRole[Any], names: tuple[str, ...]) -> ColumnElement[bool]:
    """Returns whether a text or JSON column holds one of `names`, in any case."""
    content = func.lower(cast(column, Text))
    return or_(false(), *(func.strpos(content, name.lower()) > 0 for name in names))


_TEXTS = text("""
    SELECT c.table_name, c.column_name FROM information_schema.columns c
    JOIN information_schema.tables t USING (table_schema, table_name)
    WHERE table_schema = current_schema() AND t.table_type = 'BASE TABLE'
        AND c.data_type IN ('text', 'character varying', 'character', 'json', 'jsonb', 'ARRAY')
    ORDER BY 1, c.ordinal_position
""")


def search(session: Session, names: tuple[str, ...]) -> dict[str, int]:
    """Looks through every text and JSON column of every table, Mem0's and beat's too.

    Returns how many rows mention one of `names`, by `table.column`; nothing where none does.
    """
    columns: dict[str, list[str]] = {}
    for table, column in session.execute(_TEXTS):
        columns.setdefault(table, []).append(column)
    values = {f"name{number}": name.lower() for number, name in enumerate(names)}
    found: dict[str, int] = {}
    for table, its in columns.items():
        counts = ", ".join(f"count(*) FILTER (WHERE {_holds(each, values)})" for each in its)
        row = session.execute(text(f'SELECT {counts} FROM "{table}"'), values).one()  # noqa: S608
        found |= {f"{table}.{each}": n for each, n in zip(its, row, strict=True) if n}
    return found


def _holds(column: str, values: Mapping[str, str]) -> str:
    content = f'lower(CAST("{column}" AS text))'
    return " OR ".join(f"strpos({content}, :{name}) > 0" for name in values)
