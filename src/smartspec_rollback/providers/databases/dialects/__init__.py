"""What the providers of MySQL, MariaDB and SQLite share: SQL read by sqlglot, and nothing live."""
