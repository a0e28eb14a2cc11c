"""The settings of the yardstick: the same Django, database pool and server, and nothing else. No middleware, no sign-in."""

from healthhub.config.settings import *  # noqa: F403 - a settings module is its names

ROOT_URLCONF = "tests.bench.bare_urls"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "rest_framework"]
AUTH_USER_MODEL = "auth.User"
MIDDLEWARE: list[str] = []
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "UNAUTHENTICATED_USER": None,
}
