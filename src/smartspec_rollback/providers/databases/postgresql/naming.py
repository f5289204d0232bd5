"""Quote names and strings for SQL text that is put together before any connection is at hand.

Used by the modules of this package that write definitions; where there is a connection or
``psycopg.sql`` does, that is used instead.
"""


def identifier(name: str) -> str:
    """Quote one name, whatever it holds."""
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def quoted(schema: str, name: str) -> str:
    """Quote a name with its schema."""
    return f"{identifier(schema)}.{identifier(name)}"


def literal(text: str) -> str:
    """Quote a string, whatever it holds and however the server reads backslashes."""
    escaped = text.replace("'", "''")
    if "\\" not in escaped:
        return f"'{escaped}'"
    doubled = escaped.replace("\\", "\\\\")
    return f"E'{doubled}'"
