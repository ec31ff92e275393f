"""What the name of a column says about its values."""

import re
from functools import cache

WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_A-Za-z]+|[0-9]+")

AGE_OF_OTHERS = (
    "account accounts acct car vehicle house building home property company firm machine device tree asset loan credit"
    " file group bucket band code class cat category bin range mean avg average median std days day months month weeks"
    " week hours hour minutes minute seconds decade sum total diff difference gap index rank z score oldest newest"
)
NO_SHARE_OF_ALL = (
    "change changes growth diff difference delta increase decrease return returns gain loss utilization utilisation"
    " markup margin yoy mom up down vs over of deviation error"
)
MOMENTS = (
    "time timestamp ts date datetime epoch unix created updated modified when seen login logged expires birthday dob"
)
KEYS = "id ids key uuid guid pk code nr no number index rownames identifier sku isbn mrn ref reference serial"
NO_KEYS = "phone tel telephone fax mobile cell zip postal postcode house street card of"
FILLERS = "num number count total of the a in is n no cnt sum max min value amount date time id"
BOUNDS = (
    "min max", "low high", "lower upper", "start end", "begin end", "from to", "first last", "open close",
    "minimum maximum", "lowest highest", "earliest latest",
)  # fmt: skip


@cache
def words_of(name: str) -> list[str]:
    """The words of a name in lower case: `AgeMonths`, `age_months` and `Age (months)` are age and months."""
    return [word.lower() for word in WORD.findall(name)]


def named_limits(name: str) -> tuple[float, float, str] | None:
    """The lowest and highest value that a quantity of this name can have, and what it is; None for any other."""
    words = set(words_of(name))
    if words & {"age", "ages"} and not words & set(AGE_OF_OTHERS.split()):
        return 0, 125, "an age in years"
    if words & {"latitude", "lat"}:
        return -90, 90, "a latitude"
    if words & {"longitude", "lon", "lng"} or words == {"long"}:
        return -180, 180, "a longitude"
    if words & {"percent", "percentage", "pct"} and not words & set(NO_SHARE_OF_ALL.split()):
        return 0, 100, "a percentage"
    return None


def is_name_of_time(name: str) -> bool:
    """Does the name speak of a moment?"""
    words = words_of(name)
    return not is_name_of_key(name) and bool(set(words) & set(MOMENTS.split()) or words[-1:] in (["at"], ["on"]))


def is_name_of_key(name: str) -> bool:
    """Does the name say that the values tell rows apart?"""
    words = set(words_of(name))
    return bool(words & set(KEYS.split())) and not words & set(NO_KEYS.split())


def have_words_in_common(one: str, other: str) -> bool:
    """Do two names share a word that says what is measured, or differ in a pair of opposites alone?"""
    words, others = set(words_of(one)), set(words_of(other))
    if words & others - set(FILLERS.split()):
        return True
    return any(words ^ others == set(pair.split()) and len(words - others) == 1 for pair in BOUNDS)
