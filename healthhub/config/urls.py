"""Where everything is found: pages, accounts, API, health."""

from django.urls import include, path

from healthhub.config.admin import site

urlpatterns = [
    path("admin/", site.urls),
    path("accounts/", include("allauth.urls")),
    path("nightscout/", include("healthhub.api.nightscout.urls")),
    path("api/", include("healthhub.api.urls")),
    path("", include("healthhub.web.urls")),
]
# Asked for an exception that nobody caught, wherever it came from: view, middleware, template.
handler500 = "healthhub.config.away.failed"
