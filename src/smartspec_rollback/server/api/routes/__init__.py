"""The rows of the API's table, one module a resource; ``table`` puts them together."""
