"""Where everything is found: pages, accounts, API, health."""

from django.urls import include, path

from healthhub.api import smart
from healthhub.config.admin import site

urlpatterns = [
    path("admin/", site.urls),
    path("accounts/", include("allauth.urls")),
    path("nightscout/", include("healthhub.api.nightscout.urls")),
    path("api/", include("healthhub.api.urls")),
    path("fhir/R4/.well-known/smart-configuration", smart.configuration, name="smart-configuration"),
    path("oauth/token", smart.token, name="oauth-token"),
    path("oauth/revoke", smart.revoke, name="oauth-revoke"),
    path("fhir/R4/", include("healthhub.api.fhir_urls")),
    path("", include("healthhub.web.urls")),
]
# Asked for an exception that nobody caught, wherever it came from: view, middleware, template.
handler500 = "healthhub.config.away.failed"
