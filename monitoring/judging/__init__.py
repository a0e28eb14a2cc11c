"""The pure half of judging: what a rule is, when its condition holds, and what it would have done in the past."""
