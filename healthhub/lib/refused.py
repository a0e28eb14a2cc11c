"""The one family of refusals: what a caller may be told, with a code for machines and a sentence for people.

Anything that is not `Refused` is our own fault and ends as a 500; no code turns other exceptions into answers.
"""

from typing import Any


class Refused(Exception):
    """A request we understood and will not carry out.

    `code` is stable and for machines; `sentence` is for people (translated at the edge by its code);
    `field` names the offending input where there is one; `status` is the HTTP status an edge answers with.
    """

    code = "refused"
    sentence = "This cannot be done."
    status = 400

    def __init__(self, sentence: str | None = None, *, code: str | None = None, field: str | None = None, **data: Any) -> None:
        self.sentence = sentence or type(self).sentence
        self.code = code or type(self).code
        self.field = field
        self.data = data
        super().__init__(self.sentence)

    def as_dict(self) -> dict[str, Any]:
        """This function will give the body of the answer: `{code, sentence, field?, ...}`."""
        body: dict[str, Any] = {"code": self.code, "sentence": self.sentence}
        if self.field is not None:
            body["field"] = self.field
        return body | self.data


class Invalid(Refused):
    """The input is malformed or outside what the field allows."""

    code = "invalid"
    sentence = "The input is not valid."
    status = 400


class NotVisible(Refused):
    """The thing does not exist, or not for this viewer: the two must not be told apart."""

    code = "not_found"
    sentence = "There is nothing here that you may see."
    status = 404


class NotAllowed(Refused):
    """The viewer sees the thing but may not do this with it."""

    code = "not_allowed"
    sentence = "You may not do this."
    status = 403


class Conflict(Refused):
    """The thing is in a state in which this cannot happen."""

    code = "conflict"
    sentence = "This cannot happen in the present state."
    status = 409
