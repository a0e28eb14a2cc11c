"""LightGBM's text of a booster, read and scored in plain Python: for processes that answer one question and load no LightGBM.

Meant for single rows (a few thousand comparisons); batches are the workers' business. Equal to `Booster.predict(raw_score=True)`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isnan

from healthhub.lib.refused import Invalid

# Bits of `decision_type`: a categorical split; where a missing value goes; and (two bits) what counts as missing.
CATEGORICAL, DEFAULT_LEFT, MISSING_SHIFT = 1, 2, 2
MISSING_ZERO, MISSING_NAN = 1, 2
ZERO = 1e-35  # nearer to 0 than this is 0 to LightGBM


@dataclass(frozen=True, slots=True)
class Tree:
    """One tree, its nodes in columns. A child below 0 is the leaf ~child; a tree without nodes is its one leaf."""

    features: tuple[int, ...]
    thresholds: tuple[float, ...]
    decisions: tuple[int, ...]
    lefts: tuple[int, ...]
    rights: tuple[int, ...]
    leaves: tuple[float, ...]
    bounds: tuple[int, ...]  # of the words of each categorical split
    words: tuple[int, ...]  # sets of categories, 32 to a word

    def raw(self, row: Sequence[float]) -> float:
        """This function will give the value of the leaf in which a row ends."""
        if not self.features:
            return self.leaves[0]
        node = 0
        while node >= 0:
            value = row[self.features[node]]
            decision = self.decisions[node]
            left = self._among(value, node) if decision & CATEGORICAL else _below(value, self.thresholds[node], decision)
            node = self.lefts[node] if left else self.rights[node]
        return self.leaves[~node]

    def _among(self, value: float, node: int) -> bool:
        if isnan(value) or value <= -1:
            return False
        place = int(self.thresholds[node])
        start, end = self.bounds[place], self.bounds[place + 1]
        word, bit = divmod(int(value), 32)
        return word < end - start and bool(self.words[start + word] >> bit & 1)


@dataclass(frozen=True, slots=True)
class Trees:
    """A booster: the names of its columns in order, and its trees."""

    names: tuple[str, ...]
    trees: tuple[Tree, ...]

    def raw(self, row: Sequence[float]) -> float:
        """This function will give the raw score of one row, NaN where a value is missing. The row is as long as `names`."""
        if len(row) != len(self.names):
            raise ValueError(f"a row of {len(row)} for {len(self.names)} columns")
        total = 0.0
        for tree in self.trees:
            total += tree.raw(row)
        return total


def _below(value: float, threshold: float, decision: int) -> bool:
    missing = decision >> MISSING_SHIFT & 3
    if isnan(value):
        if missing == MISSING_NAN:
            return bool(decision & DEFAULT_LEFT)
        value = 0.0
    if missing == MISSING_ZERO and -ZERO <= value <= ZERO:
        return bool(decision & DEFAULT_LEFT)
    return value <= threshold


def parsed(text: str) -> Trees:
    """This function will read a booster as `Booster.model_to_string` writes it.

    Raises Invalid(code="not_a_booster") for another text, and for what is not read here: linear trees, several classes, forests.
    """
    blocks = list(_blocks(text))
    if not blocks or "feature_names" not in blocks[0]:
        raise Invalid("This is no booster.", code="not_a_booster", field="booster")
    head, *trees = blocks
    if head.get("num_tree_per_iteration", "1") != "1" or "average_output" in head:
        raise Invalid("Only boosters that add up one tree a round are read here.", code="not_a_booster", field="booster")
    return Trees(tuple(head["feature_names"].split()), tuple(_tree(one) for one in trees))


def _blocks(text: str) -> Iterator[Mapping[str, str]]:
    """The header, and then each tree, as name -> what stands behind the equals sign."""
    block: dict[str, str] = {}
    for line in text.splitlines():
        if line == "end of trees":
            break
        if line.startswith("Tree="):
            yield block
            block = {}
        name, _, value = line.partition("=")
        block[name] = value
    yield block


def _tree(block: Mapping[str, str]) -> Tree:
    if block.get("is_linear", "0") != "0":
        raise Invalid("Linear trees are not read here.", code="not_a_booster", field="booster")
    return Tree(
        _whole(block, "split_feature"),
        _numbers(block, "threshold"),
        _whole(block, "decision_type"),
        _whole(block, "left_child"),
        _whole(block, "right_child"),
        _numbers(block, "leaf_value"),
        _whole(block, "cat_boundaries"),
        _whole(block, "cat_threshold"),
    )


def _whole(block: Mapping[str, str], name: str) -> tuple[int, ...]:
    return tuple(int(one) for one in block.get(name, "").split())


def _numbers(block: Mapping[str, str], name: str) -> tuple[float, ...]:
    return tuple(float(one) for one in block.get(name, "").split())
