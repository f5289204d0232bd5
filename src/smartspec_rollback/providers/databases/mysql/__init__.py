"""MySQL and MariaDB: servers that are looked at and never written to."""
