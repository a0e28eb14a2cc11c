"""Statements of the hot path: on the driver's own cursor, asked first and answered later, so that several share one way to the database.

Django's cursor costs two to three times what the driver's costs; at ten statements a reading that is a third of the whole request.
Values travel beside the statement, and a connection plans each statement once. Only for statements that are written out by hand
and asked at every reading; everything else uses `connection.cursor()`. `connection` is Django's: this room knows no Django.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any


def asked(
    connection: Any, statement: str, values: Sequence[Any] | Mapping[str, Any], *, binary: bool = False
) -> Callable[[], list[tuple[Any, ...]]]:
    """This function will send a statement; calling what it gives waits for the answer, once, and gives its rows.

    `binary`: the answer travels in the server's own form: for long rows of numbers.
    """
    cursor = told(connection, statement, values, binary=binary)
    answer: Callable[[], list[tuple[Any, ...]]] = cursor.fetchall
    return answer


def told(connection: Any, statement: str, values: Sequence[Any] | Mapping[str, Any], *, binary: bool = False) -> Any:
    """This function will send a statement that has no answer to read."""
    errors = connection.wrap_database_errors
    connection = errors.wrapper  # itself: each attribute of Django's proxy costs a look into the thread's own store
    if connection.queries_logged:  # someone counts or reads the statements: she shall see these too
        cursor = connection.cursor()
        cursor.execute(statement, values)
        return cursor
    if connection.connection is None:
        connection.ensure_connection()
    cursor = connection.connection.cursor(binary=binary)
    with errors:
        cursor.execute(statement, values, prepare=True)
    return cursor


def array(values: Iterable[int | str]) -> str:
    """This function will write numbers or plain words as an array's text, to be cast in the statement: ten times cheaper than a list."""
    return "{" + ",".join(map(str, values)) + "}"


@contextmanager
def together(connection: Any) -> Iterator[None]:
    """This context will send everything asked in it at once, in order; answers may be read when it is left. For use in a transaction.

    Each statement still sees what was committed when its own turn came: a lock that is waited for first protects what follows.
    """
    with connection.wrap_database_errors, connection.connection.pipeline():
        yield
