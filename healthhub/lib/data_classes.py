"""The classes of data that consent speaks of. Every kind of the catalogue belongs to exactly one."""

DATA_CLASSES: frozenset[str] = frozenset({"vitals", "glucose", "body", "labs", "respiratory", "activity", "sleep", "reported"})


def parts(data_class: str) -> frozenset[str]:
    """This function will give the classes that `a+b` stands for: what draws on several classes is for those who may see them all."""
    return frozenset(data_class.split("+"))


def joined(classes: frozenset[str]) -> str:
    """This function will write several classes as one: `body+vitals`."""
    return "+".join(sorted(classes))
