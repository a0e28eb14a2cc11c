"""The judge: which rules a patient's new readings meet. Pure arithmetic; no clock, no database.

How it reasons
- Every new reading, in time order, is judged as of its own moment, with what was measured before it; nothing later counts. Judging a
  series in one batch or reading by reading gives the same findings.
- A reading that is late, out of order or cuffless opens and clears nothing. Late and out-of-order readings remain facts of their own
  time and serve as history. Cuffless ones serve for nothing. A suspicious one counts only in rules on single values, and only once a
  second reading within ten minutes agrees; "LO" and "HI" of a meter are statements, not doubts.
- `Finding`: the condition holds at this reading. `hold` is set when the rule was open before it: in `open_rules`, or opened
  earlier in the batch. Whoever keeps the episodes opens one, or joins the one that is open.
- `Finding(clear=True)`: the rule was open, closes by itself (`auto_close`), and the reading lies inside the limit by the margin (5 %,
  5 mmHg, or as the rule says; for CGM back for 15 minutes). Rules that a person must close never clear.
- Of one `family`, only the highest severity speaks: a lower rule is silent at a reading at which a higher one holds or is
  open. Open lower rules may still clear. Rules of equal severity all speak.
- Everything but RED needs a second reading unless its rule says otherwise; that is part of the rule (`repeat`), not of the engine.
  `needs_repeat` gives the words that ask for it.
"""

from monitoring.judging.engine import at_face_value, findings, needs_repeat
from monitoring.judging.episodes import Episode, Episodes, backtest
from monitoring.judging.rules import Plan, Rule
from monitoring.judging.values import NOT_CURRENT, Finding, PatientContext, Reading

__all__ = [
    "NOT_CURRENT",
    "Episode",
    "Episodes",
    "Finding",
    "PatientContext",
    "Plan",
    "Reading",
    "Rule",
    "at_face_value",
    "backtest",
    "findings",
    "needs_repeat",
]
