"""The words of an SQL text, where no more of it need be understood.

Called by whoever would rather take too much for named than too little.
"""

import re
from functools import lru_cache


@lru_cache(maxsize=8192)
def words(text: str) -> frozenset[str]:
    """Take the words of an SQL text, in lower case."""
    return frozenset(re.findall(r"\w+", text.lower()))
