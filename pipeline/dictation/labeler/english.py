"""The words of English that the code itself knows: its grammar, where clauses and lists end.

All others stand in the rules; in another language lists join at commas alone.
"""

# What joins findings and clauses.
JOINS = frozenset(["and", "or", "nor", "plus", "versus", "vs", "with", "&", "+", "/"])
LONG_JOINS = {"as": (["well", "as"], "and"), "such": (["as"], "or")}  # "as well as", "such as"
CHOICES = frozenset(["or", "nor"])
# Over these no gap of a phrase runs.
BREAKS = frozenset(
    """
    and or nor but although though while whereas however yet which that with without no not than
    except there perhaps maybe possible possibly
    questionable questionably conceivably equivocal suspected suspicious whether if
    removed withdrawn resolved cleared
    """.split()  # noqa: SIM905 (a row of words)
)
# Words before a verb that stand for a finding named before: "but it has since resolved".
STAND_INS = frozenset(
    """
    it this these they that those which both all now since subsequently has have is are was
    were cannot not been also still then again there
    """.split()  # noqa: SIM905 (a row of words)
)
# What comes after them is a cause, and so is there: "obscured by effusion".
CAUSES = frozenset(["by", "because", "due", "owing", "from", "given", "account", "secondary"])
# What has them is said of one finding alone, not of those that mere commas put before it.
SINGULAR = frozenset(["is", "was", "has", "cannot", "can't", "may", "might", "could", "less"])
# A finding whose last word ends so is one with the finding behind it: "cavitary pneumonia".
ADJECTIVE_ENDS = ("ic", "ous", "ary", "ive", "lar", "hazy", "glass", "aspiration")
FAVORS = frozenset(["favor", "favors", "favoring", "favour", "favours", "favouring", "prefer"])
AMOUNTS = frozenset(["more", "less", "fewer"])  # of a finding, as against another
PLURAL = frozenset(["are", "were", "have"])
PAST = frozenset(["was", "were", "had"])
# Verbs that bring a finding of their own: "the right lung shows B".
TRANSITIVE = frozenset(
    """
    has have shows show demonstrates demonstrate reveals reveal contains contain displays display
    exhibits exhibit
    """.split()  # noqa: SIM905 (a row of words)
)
ARTICLES = frozenset(["the", "a", "an", "there", "this", "that"])
PREPOSITIONS = frozenset(
    ["of", "in", "to", "within", "for", "regarding", "involving", "along", "at"]
)
# Across these only a noun is of what follows: "abnormality in the hila", not "large in the hila".
FAR_PREPOSITIONS = frozenset(["in", "due", "within", "along", "at", "from", "with", "by", "on"])
# A mimic behind these is a place: "nodule near the nipple shadow".
PLACES = frozenset(["in", "within", "at", "near", "over", "on", "along", "behind", "beside", "to"])
LIKE = frozenset([("as", "is"), ("as", "are"), ("so", "is"), ("so", "are")])
# Subjects with states of their own that no concept names.
OTHER_SUBJECTS = frozenset(
    ["lung", "lungs", "bones", "apices", "bases", "spine", "ribs", "trachea"]
)
