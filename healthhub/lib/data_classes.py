"""The classes of data that consent speaks of. Every kind of the catalogue belongs to exactly one."""

DATA_CLASSES: frozenset[str] = frozenset({"vitals", "glucose", "body", "labs", "respiratory", "activity", "sleep", "reported"})
