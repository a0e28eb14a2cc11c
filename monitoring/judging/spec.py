"""Reads plain data (a pack's TOML, a team's JSON) field by field; a wrong field is refused by its full name."""

import re
from collections.abc import Mapping
from math import isfinite
from typing import Any, NoReturn

from healthhub.lib.refused import Invalid

_SPAN = re.compile(r"(\d+(?:\.\d+)?)(s|m|h|d)")
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
LONGEST = 366 * 86400.0
WORD = re.compile(r"[a-z][a-z0-9_]{0,39}")


class Spec:
    """One table of a definition. Every key must be read; `done()` refuses what is left over."""

    def __init__(self, data: Any, path: str = "") -> None:
        self.path = path
        if not isinstance(data, Mapping):
            self.refuse("", "must be a table")
        self._data: Mapping[str, Any] = data
        self._read: set[str] = set()

    def refuse(self, key: str, why: str) -> NoReturn:
        """This function will raise Invalid(code="bad_rule") naming the field."""
        field = self.name(key)
        raise Invalid(f"{field or 'The rule'} {why}.", code="bad_rule", field=field or None)

    def name(self, key: str) -> str:
        """This function will give the full name of a key: `when.any.0.of`."""
        return ".".join(part for part in (self.path, key) if part)

    def has(self, key: str) -> bool:
        """This function will tell whether the key is there."""
        return key in self._data

    def raw(self, key: str, default: Any = None) -> Any:
        """This function will give the value as it stands."""
        self._read.add(key)
        return self._data.get(key, default)

    def text(self, key: str, default: str | None = None, *, longest: int = 400) -> str:
        """This function will give a non-empty text, or the default when the key is absent."""
        value = self.raw(key, default)
        if not isinstance(value, str) or len(value) > longest or (not value and default is None):
            self.refuse(key, f"must be a text of 1 to {longest} characters")
        return value

    def flag(self, key: str, default: bool) -> bool:
        """This function will give true or false."""
        value = self.raw(key, default)
        if not isinstance(value, bool):
            self.refuse(key, "must be true or false")
        return value

    def number(self, key: str, default: float | None = None, *, low: float = -1e6, high: float = 1e6) -> float:
        """This function will give a finite number from `low` to `high`."""
        value = self.raw(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value) or not low <= value <= high:
            self.refuse(key, f"must be a number from {low:g} to {high:g}")
        return float(value)

    def count(self, key: str, default: int | None = None, *, low: int = 1, high: int = 1000) -> int:
        """This function will give a whole number from `low` to `high`."""
        value = self.raw(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.refuse(key, f"must be a whole number from {low} to {high}")
        return value

    def seconds(self, key: str, default: str | None = None) -> float:
        """This function will give a span such as "15m", "24h" or "3d" in seconds."""
        value = self.raw(key, default)
        found = _SPAN.fullmatch(value) if isinstance(value, str) else None
        if found is None or float(found[1]) * _SECONDS[found[2]] > LONGEST:
            self.refuse(key, 'must be a span such as "15m", "24h" or "3d", a year at most')
        return float(found[1]) * _SECONDS[found[2]]

    def choice(self, key: str, choices: Any, default: str | None = None) -> str:
        """This function will give one of the choices."""
        value = self.raw(key, default)
        if not isinstance(value, str) or value not in choices:
            self.refuse(key, f"must be one of {', '.join(sorted(choices))}")
        return value

    def words(self, key: str, choices: Any = None) -> frozenset[str]:
        """This function will give a set of words, each one of the choices where they are given."""
        value = self.raw(key, ())
        if not isinstance(value, list | tuple) or len(value) > 100 or not all(isinstance(word, str) and word for word in value):
            self.refuse(key, "must be a list of words")
        for word in value:
            if choices is not None and word not in choices:
                self.refuse(key, f"has {word!r}, which is not known")
        return frozenset(value)

    def table(self, key: str) -> "Spec":
        """This function will give a table inside this one; absent is empty."""
        return Spec(self.raw(key, {}), self.name(key))

    def tables(self, key: str, *, most: int = 20) -> list["Spec"]:
        """This function will give a list of tables inside this one."""
        value = self.raw(key, ())
        if not isinstance(value, list | tuple) or len(value) > most:
            self.refuse(key, f"must be a list of at most {most} tables")
        return [Spec(one, self.name(f"{key}.{index}")) for index, one in enumerate(value)]

    def named(self) -> tuple[str, ...]:
        """This function will give the keys as they stand."""
        return tuple(self._data)

    def done(self) -> None:
        """This function will refuse a key that nobody asked for: a slip of the pen must not be a silent change of a rule."""
        for key in self._data:
            if key not in self._read:
                self.refuse(str(key), "is not known here")
