from rest_framework.authentication import BaseAuthentication, SessionAuthentication as _S
from rest_framework.permissions import BasePermission
class TokenAuthentication(BaseAuthentication):
    def authenticate(self, request): return None
class SessionAuthentication(_S): ...
class DeniedByDefault(BasePermission):
    def has_permission(self, request, view): return False
