"""How django-oauth-toolkit is told our rules: which scopes there are, and that a person's key names what she allowed."""

from typing import Any

from oauth2_provider.models import Application
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauth2_provider.scopes import BaseScopes

from healthhub.people import smart


class Scopes(BaseScopes):
    """SMART's scopes; those of an organisation's system are what it was registered with."""

    def get_all_scopes(self) -> dict[str, str]:
        """This function will give every scope by its name."""
        return {scope: scope for scope in smart.every_scope()}

    def get_available_scopes(self, application: Application | None = None, request: Any = None, *args: Any, **kwargs: Any) -> list[str]:
        """This function will give what this app may ask for."""
        if application is not None and application.authorization_grant_type == Application.GRANT_CLIENT_CREDENTIALS:
            row = smart.living(application=application, scopes=())
            return smart.with_narrower(row.scopes) if row else []
        return [scope for scope in smart.every_scope() if not scope.startswith("system/")]

    def get_default_scopes(self, application: Application | None = None, request: Any = None, *args: Any, **kwargs: Any) -> list[str]:
        """This function will give what is meant by asking for nothing: all of it for an organisation's system, nothing for others."""
        if application is not None and application.authorization_grant_type == Application.GRANT_CLIENT_CREDENTIALS:
            return self.get_available_scopes(application)
        return []


class Validator(OAuth2Validator):
    """Every key of a person's app carries `access/<id>`, so that ending what she allowed ends the key."""

    def validate_scopes(self, client_id: str, scopes: list[str], client: Any, request: Any, *args: Any, **kwargs: Any) -> bool:
        """This function will accept known scopes, and the name of an access that this person gave this app, with what was allowed."""
        named = [scope for scope in scopes if smart.ACCESS.fullmatch(scope)]
        plain = [smart.second_spelling(scope) for scope in scopes if scope not in named]
        if not super().validate_scopes(client_id, plain, client, request, *args, **kwargs):
            return False
        if not named:
            return True
        row = smart.living(application=client, scopes=named)
        return row is not None and request.user is not None and row.user_id == request.user.id and {*plain} <= {*row.scopes}

    def _save_bearer_token(self, token: dict[str, Any], request: Any, *args: Any, **kwargs: Any) -> Any:
        """A key that can be renewed is given to whoever asked for offline_access."""
        if smart.OFFLINE not in token["scope"].split():
            token.pop("refresh_token", None)
        return super()._save_bearer_token(token, request, *args, **kwargs)
