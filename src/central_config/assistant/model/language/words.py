"""The words names are made of: `dbPoolSize`, `DB_POOL_SIZE` and `db-pool.size` are the same."""

import re
from functools import lru_cache

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


@lru_cache(maxsize=8192)
def words(name: str) -> tuple[str, ...]:
    """Return the words of a name in lower case, numbers apart."""
    return tuple(found.lower() for found in _WORD.findall(name))
