"""Statements whose SQL is made once: for the few that stand between a message and its first token.

Django needs ten times as long to turn a query into SQL as SQLite needs to run it. A prepared statement is an ordinary
queryset with `Slot`s where values come in; its SQL is made at its first run, for the database's vendor, and kept. Rows
come back as the same objects. Constants of a query (a status, say) are part of its SQL, so that both databases find
their partial indexes, which SQLite does not for values that come in later.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, TypeVar, cast

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Expression, Field, Model, QuerySet, sql
from django.db.models import query as django_query

Row = TypeVar("Row")

_MANY = 30_000
"""Values in one statement, for databases that do not say how many they take."""


class Slot(Expression):
    """A place for a value of `field`'s type that each run gives by `name`; for lookups and updates."""

    def __init__(self, name: str, field: Field[Any, Any]) -> None:
        super().__init__(output_field=field)
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        return "%s", [self]


@dataclass(frozen=True)
class _Statement:
    """SQL with its parameters in order: slots, and values that are always the same."""

    sql: str
    params: tuple[Any, ...]

    @classmethod
    def of(cls, compiler: Any) -> _Statement:
        text, params = compiler.as_sql()
        written = [_as_literal(value) for value in params]
        kept = tuple(value for value, literal in zip(params, written, strict=True) if literal is None)
        literals = iter(written)
        # "%%" is a percent sign that waits for the values, too.
        return cls(re.sub("%[s%]", lambda found: found[0] if found[0] == "%%" else next(literals) or "%s", text), kept)

    def filled(self, values: dict[str, Any], connection: Any) -> list[Any]:
        return [
            param.output_field.get_db_prep_save(values[param.name], connection) if isinstance(param, Slot) else param
            for param in self.params
        ]


def _as_literal(value: object) -> str | None:
    """Plain words only, such as the value of a choice: there is nothing in them to escape."""
    return f"'{value}'" if isinstance(value, str) and value.isidentifier() else None


class Select(Generic[Row]):
    """Reads rows. `build` gives the queryset, once it is needed and the models are loaded."""

    def __init__(self, build: Callable[[], QuerySet[Any, Row]]) -> None:
        self._build = build
        self._plans: dict[str, _Plan] = {}

    def all(self, **values: Any) -> list[Row]:
        """Objects with what `select_related` names; for a queryset of `values_list`, tuples."""
        connection = _connection()
        plan = self._plans.get(connection.vendor)
        if plan is None:
            plan = self._plans[connection.vendor] = _Plan(self._build(), connection)
        with connection.cursor() as cursor:
            cursor.execute(plan.statement.sql, plan.statement.filled(values, connection))
            rows = cursor.fetchall()
        return cast(list[Row], list(plan.objects(rows, connection)))

    def first(self, **values: Any) -> Row | None:
        """The first row; the queryset should be sliced to one."""
        return next(iter(self.all(**values)), None)


class _Plan:
    """What Django works out about a query before it has any rows."""

    def __init__(self, queryset: QuerySet[Any, Any], connection: Any) -> None:
        compiler: Any = queryset.query.get_compiler(connection=connection)
        self.statement = _Statement.of(compiler)
        self._converters = compiler.get_converters([column for column, _, _ in compiler.select]).items()
        self._makes_objects = issubclass(queryset._iterable_class, django_query.ModelIterable)
        if self._makes_objects:
            columns = compiler.klass_info["select_fields"]
            self._columns = slice(columns[0], columns[-1] + 1)
            self._model = compiler.klass_info["model"]
            self._names = [column.target.attname for column, _, _ in compiler.select[self._columns]]
            populators: Any = django_query.get_related_populators
            self._related = populators(compiler.klass_info, compiler.select, queryset.db)

    def objects(self, rows: Iterable[Sequence[Any]], connection: Any) -> Iterator[Any]:
        for raw in rows:
            row = list(raw)
            for place, (converters, column) in self._converters:
                for convert in converters:
                    row[place] = convert(row[place], column, connection)
            yield self._object(row, connection.alias) if self._makes_objects else tuple(row)

    def _object(self, row: list[Any], alias: str) -> Any:
        made = self._model.from_db(alias, self._names, row[self._columns])
        for related in self._related:
            related.populate(row, made)
        return made


class Update:
    """Changes the rows of `build()`'s queryset, which joins no other table. `changes` are slots or expressions."""

    def __init__(self, build: Callable[[], QuerySet[Any, Any]], **changes: Any) -> None:
        self._build = build
        self._changes = changes
        self._statements: dict[str, _Statement] = {}

    def run(self, **values: Any) -> int:
        """How many rows were matched."""
        connection = _connection()
        statement = self._statements.get(connection.vendor)
        if statement is None:
            query: Any = self._build().query.chain(sql.UpdateQuery)
            query.add_update_values(self._changes)
            statement = _Statement.of(query.get_compiler(connection=connection))
            self._statements[connection.vendor] = statement
        with connection.cursor() as cursor:
            cursor.execute(statement.sql, statement.filled(values, connection))
            return int(cursor.rowcount)


def insert(rows: Sequence[Model]) -> None:
    """INSERT rows of one model. A key that the database makes is not brought back."""
    keyed = rows[0].pk is not None
    fields = tuple(field for field in rows[0]._meta.concrete_fields if keyed or not field.primary_key)
    connection = _connection()
    at_once = (connection.features.max_query_params or _MANY) // len(fields)
    for start in range(0, len(rows), at_once):
        _insert(rows[start : start + at_once], fields, connection)


def _insert(rows: Sequence[Model], fields: tuple[Field[Any, Any], ...], connection: Any) -> None:
    params = [field.get_db_prep_save(field.pre_save(row, add=True), connection) for row in rows for field in fields]
    with connection.cursor() as cursor:
        cursor.execute(_insert_sql(connection.vendor, fields, len(rows)), params)
    for row in rows:
        row._state.adding, row._state.db = False, connection.alias


@lru_cache(maxsize=256)
def _insert_sql(vendor: str, fields: tuple[Field[Any, Any], ...], count: int) -> str:
    """`vendor` tells one database's quotes from another's."""
    quote = _connection().ops.quote_name
    columns = ", ".join(quote(str(field.column)) for field in fields)
    place = f"({', '.join(['%s'] * len(fields))})"
    table = quote(fields[0].model._meta.db_table)
    return f"INSERT INTO {table} ({columns}) VALUES {', '.join([place] * count)}"  # noqa: S608 - names of our models


def _connection() -> Any:
    """This thread's, looked up once for each statement: that costs as much as to fill ten slots."""
    return connections[DEFAULT_DB_ALIAS]
