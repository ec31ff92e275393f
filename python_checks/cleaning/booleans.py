"""Yes and no in several forms."""

from data_health.cleaning.profile import Profile, cast, values_with_rows

# what the rule `cast` reads, and words of other languages that it does not
READ = {"true": "false", "yes": "no", "y": "n", "t": "f", "1": "0"}
TRANSLATED = {"on": "off", "ja": "nein", "oui": "non", "sí": "no", "si": "no", "sim": "não"}
LONG = {"y": {"yes", "no"}, "n": {"yes", "no"}, "t": {"true", "false"}, "f": {"true", "false"}}
MIN_KNOWN, MIN_FORMS = 0.95, 3


def two_words(profile: Profile) -> bool:
    """Exactly the two words of a yes or no."""
    words = {value.lower() for value in profile.rows}
    if not any(words == {yes, no} for yes, no in READ.items() if yes != "1"):
        return False
    profile.suggest("type", {"cast": "boolean"}, f"the only values are {values_with_rows(profile.rows)}", 0)
    return True


def mixed_words(profile: Profile) -> bool:
    """Yes and no as words, letters or digits of several kinds in one column, which all become true and false."""
    pairs = READ | TRANSLATED
    partner = pairs | {no: yes for yes, no in pairs.items()}
    known = {value: rows for value, rows in profile.rows.items() if value.strip().lower() in partner}
    words = {value.strip().lower() for value in known}
    yes, no = words & set(pairs), words & set(pairs.values())
    if len(words) < MIN_FORMS or not yes or not no or sum(known.values()) < MIN_KNOWN * profile.rows.total():
        return False
    # a letter alone, such as t beside y and n, may be something else
    if any(word in LONG and partner[word] not in words and not words & LONG[word] for word in words):
        return False
    evidence = f"{values_with_rows(known, 12)} are yes and no in several forms"
    failing = profile.rows - profile.rows.__class__(known)
    is_read = set(READ) | set(READ.values())
    written = {
        value: "true" if value.strip().lower() in pairs else "false"
        for value in sorted(known)
        if value.strip().lower() not in is_read
    }
    if written and not failing:
        rows = sum(known[value] for value in written)
        profile.suggest("format", {"replace": written}, evidence, rows)
        profile.rewrite(lambda value: written.get(value, value))
    cast(profile, "type", [{"cast": "boolean"}], evidence, failing)
    return True
