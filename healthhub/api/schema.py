"""What every address has in common in the OpenAPI schema: the body of a refusal, and how to read a request's body."""

from collections.abc import Iterator
from typing import Any, TypeVar

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import serializers
from rest_framework.request import Request

from healthhub.lib.refused import Invalid

# Every status that `errors.handler` can answer with, in the words of the schema.
_REASONS = {
    400: "The input is malformed or outside what a field allows.",
    401: "Nobody we know is asking: sign in, or send a valid token.",
    403: "The viewer sees the thing but may not do this with it.",
    404: "There is no such thing, or not for this viewer: the two look the same.",
    405: "The address does not know this method.",
    406: "Only JSON is answered.",
    409: "The thing is in a state in which this cannot happen.",
    413: "The body is larger than this address takes.",
    415: "The body must be JSON.",
    429: "Too many requests: wait a little.",
}
ALWAYS = (401, 403, 405, 406)
WITH_BODY = (400, 413, 415)


class RefusalSerializer(serializers.Serializer[Any]):
    """The body of every refusal."""

    code = serializers.CharField(help_text="Stable, for machines.")
    sentence = serializers.CharField(help_text="For people, in the language of the request.")
    field = serializers.CharField(required=False, help_text="The input at fault, where there is one.")


class UserScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """A session, in the schema."""

    target_class = "healthhub.api.auth.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """A device token, in the schema."""

    target_class = "healthhub.api.auth.TokenAuthentication"
    name = "device_token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "hh_..."}


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """A device token in the header of the Open Wearables SDKs, in the schema."""

    target_class = "healthhub.api.open_wearables.KeyAuthentication"
    name = "open_wearables_key"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "apiKey", "in": "header", "name": "X-Open-Wearables-API-Key"}


def answers(success: Any, *more: int, status: int = 200) -> dict[int, Any]:
    """This function will give the `responses` of a view: the good one, those every address has, and `more` of the table."""
    refusals = {code: OpenApiResponse(RefusalSerializer, _REASONS[code]) for code in sorted({*ALWAYS, *more})}
    return {status: success, **refusals}


def id_in_path(name: str, what: str) -> OpenApiParameter:
    """This function will declare an id of the path. Malformed ids are answered like unknown ones, with 404."""
    return OpenApiParameter(name, OpenApiTypes.UUID, OpenApiParameter.PATH, description=what)


Shape = TypeVar("Shape", bound=serializers.BaseSerializer[Any])


def body_of(request: Request, shape: type[Shape]) -> dict[str, Any]:
    """This function will read the body in this shape; raises `Invalid` with the first field that does not fit."""
    if not isinstance(request.data, dict):
        raise Invalid("The body must be a JSON object.", code="not_an_object")
    wanted = shape(data=request.data)
    _check_types(wanted, request.data, "")
    return _fitted(wanted)


# JSON has types: 0 is no text, and "yes" is no truth. The frame would turn one into the other in silence.
_TYPES: tuple[tuple[Any, tuple[type, ...]], ...] = (
    (serializers.BooleanField, (bool,)),
    ((serializers.IntegerField, serializers.FloatField), (int, float)),
    ((serializers.CharField, serializers.ChoiceField, serializers.UUIDField), (str,)),
    ((serializers.DateTimeField, serializers.DateField, serializers.TimeField), (str,)),
)


def _check_types(field: Any, value: Any, path: str) -> None:
    """Refuses what the schema calls another type; whether a value may be null, and everything else, the shape says itself."""
    if value is None:
        return
    for kinds, types in _TYPES:
        if isinstance(field, kinds):
            if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
                raise Invalid("The field has the wrong type.", code="wrong_type", field=path.lstrip(".") or None)
            return
    for child, part, name in _inside(field, value):
        _check_types(child, part, f"{path}.{name}"[:200])


def _inside(field: Any, value: Any) -> Iterator[tuple[Any, Any, object]]:
    """The parts of a value with the field of each and its name."""
    if isinstance(field, serializers.Serializer) and isinstance(value, dict):
        yield from ((part, value.get(name), name) for name, part in field.fields.items())
    elif isinstance(field, serializers.DictField) and isinstance(value, dict):
        yield from ((field.child, part, name) for name, part in value.items())
    elif isinstance(field, serializers.ListSerializer | serializers.ListField) and isinstance(value, list):
        yield from ((field.child, part, index) for index, part in enumerate(value))


def query_of(request: Request, shape: type[Shape]) -> dict[str, Any]:
    """This function will do the same for the parameters behind the question mark."""
    return _fitted(shape(data=request.query_params.dict()))


def _fitted(serializer: serializers.BaseSerializer[Any]) -> dict[str, Any]:
    if serializer.is_valid():
        fitted: dict[str, Any] = serializer.validated_data
        return fitted
    field, fault = _first(serializer.errors)
    # Blank or too short once the spaces around it are gone: the faults of form that no schema can tell.
    code = {"blank": "blank", "min_length": "too_short"}.get(getattr(fault, "code", ""), "invalid")
    raise Invalid(str(fault), code=code, field=field or None)


def _first(errors: Any, path: str = "") -> tuple[str, Any]:
    """The first fault of nested error lists, with its path: `data_classes.0`."""
    while isinstance(errors, dict | list):
        if isinstance(errors, list):
            errors = next(error for error in errors if error)
            continue
        name, errors = next((name, error) for name, error in errors.items() if error)
        if name != "non_field_errors":
            path = f"{path}.{name}".lstrip(".")
    return path, errors
