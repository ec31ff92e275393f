"""What the rules that change texts make of one, as the warehouse does."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from data_health.cleaning.numbers import as_number
from data_health.cleaning.text import WHITE_SPACE

BLANKS = re.compile(f"[{WHITE_SPACE}]+")
# soft hyphens, blanks and joiners of no width, marks of direction, byte order marks
INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")


def rewritten(rule: Mapping[str, Any], text: str) -> str | None:
    """What a rule that changes texts makes of one; a rule of another kind leaves it."""
    if "unicode" in rule:
        return INVISIBLE.sub("", text) if rule["unicode"] == "strip_invisible" else unicodedata.normalize("NFC", text)
    if "trim" in rule:
        return text.strip(WHITE_SPACE)
    if "squeeze" in rule:
        return BLANKS.sub(" ", text).strip(" ")
    if "null_values" in rule:
        listed = rule["null_values"]
        return (
            None
            if text in listed or as_number(text) in [item for item in listed if not isinstance(item, str)]
            else text
        )
    if "replace" in rule:
        return rule["replace"].get(text, text)
    if "replace_pattern" in rule:
        pattern, replacement = rule["replace_pattern"]
        return re.sub(pattern, replacement, text)
    return text
