"""Runs a bench on PostgreSQL, too: in a database of its own on the server of DATABASE_URL, dropped afterwards."""

from __future__ import annotations

import multiprocessing
import uuid
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from importlib import import_module
from urllib.parse import urlsplit, urlunsplit

from bench.installation import given_database, throw_away_installation
from bench.process_meter import NotMeasurable
from bench.sizes import Size
from bench.table import Row


def measure_on_postgresql(module: str, size: Size) -> list[Row]:
    """The rows of `module.measure_here(size)`, from a process of its own: Django has one default database.

    NotMeasurable where there is no server.
    """
    with _own_database() as url, ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_measure, module, url, size).result()


def _measure(module: str, url: str, size: Size) -> list[Row]:
    with throw_away_installation(database_url=url):
        rows: list[Row] = import_module(module).measure_here(size)
        import_module("django.db").connections.close_all()
    return rows


@contextmanager
def _own_database() -> Iterator[str]:
    server = given_database()
    if not server.startswith("postgres"):
        raise NotMeasurable("DATABASE_URL names no PostgreSQL server")
    name = f"bench_{uuid.uuid4().hex[:12]}"
    _run(server, f'CREATE DATABASE "{name}"')
    try:
        yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    finally:
        _run(server, f'DROP DATABASE "{name}" WITH (FORCE)')


def _run(server: str, statement: str) -> None:
    import psycopg

    try:
        with closing(psycopg.connect(server, autocommit=True, connect_timeout=5)) as connection:
            connection.execute(statement.encode())
    except psycopg.OperationalError as error:
        raise NotMeasurable(
            f"the PostgreSQL server of DATABASE_URL does not answer ({str(error).strip()[:80]})"
        ) from None
