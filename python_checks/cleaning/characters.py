"""Characters that nobody sees, or that look like others: byte order marks, odd blanks, accents apart from letters."""

import re

from data_health.cleaning.profile import Profile, values_with_rows
from data_health.cleaning.rewriting import INVISIBLE, rewritten

# blanks of typesetting, which look like a blank and are none
ODD_BLANK = re.compile("[\xa0\u2000-\u200a\u202f]")
# joiners of no width and marks of direction mean something beside letters of these scripts, and in pictures
JOINING = re.compile("[\u200c-\u200f]")
USES_JOINERS = re.compile("[\u0590-\u08ff\u0900-\u0dff\u1000-\u109f\u1780-\u17ff\U0001f000-\U0001faff\u2600-\u27bf]")


def character_rules(profile: Profile) -> None:
    """Rules for characters that are not seen, before any other rule looks at the values."""
    if not all(map(str.isascii, profile.rows)):
        if any(JOINING.search(value) and USES_JOINERS.search(value) for value in profile.rows):
            _ask_about_joiners(profile)
        else:
            _rewrite(profile, {"unicode": "strip_invisible"}, "have characters that are not seen")
        _rewrite(profile, {"unicode": "nfc"}, "have accents that are apart from their letters")
        if any(ODD_BLANK.search(value.strip()) for value in profile.rows):
            _rewrite(profile, {"squeeze": True}, "have no-break blanks, several blanks, or blanks at an end")


def _rewrite(profile: Profile, rule: dict, reason: str) -> None:
    changed = {value: rows for value, rows in profile.rows.items() if rewritten(rule, value) != value}
    if changed:
        profile.suggest("unicode", rule, f"{values_with_rows(changed)} {reason}", sum(changed.values()))
        profile.rewrite(lambda value: rewritten(rule, value) or "")


def _ask_about_joiners(profile: Profile) -> None:
    rows = {value: count for value, count in profile.rows.items() if INVISIBLE.search(value)}
    question = "have characters that are not seen, and letters of a script that needs some of them. Are they right?"
    profile.ask(f"{values_with_rows(rows)} {question}", sum(rows.values()))
