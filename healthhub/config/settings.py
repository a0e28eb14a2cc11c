"""The one settings file. Nothing has a silent default that a clinic could run on by mistake: what is missing stops the start."""

import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parents[2]


def required(name: str, what: str) -> str:
    """This function will give the variable, or stop the start with a sentence that says what to set."""
    value = str(env.str(name, default=""))
    if not value:
        raise ImproperlyConfigured(f"Set {name}: {what}")
    return value


MODE = env.str("HEALTHHUB_MODE", default="production")
if MODE not in ("production", "demo", "test"):
    raise ImproperlyConfigured(f"HEALTHHUB_MODE is {MODE!r}; it must be production, demo or test.")
PRODUCTION = MODE == "production"
DEBUG = False

SECRET_KEY = required("SECRET_KEY", "at least 50 random characters, kept out of the repository; it signs sessions.")
ALLOWED_HOSTS = (
    [h.strip() for h in required("ALLOWED_HOSTS", "the host names this service answers to, separated by commas.").split(",")]
    if PRODUCTION
    else ["127.0.0.1", "localhost", "[::1]", "testserver"]
)
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS] if PRODUCTION else []

required("DATABASE_URL", "a PostgreSQL address such as postgres://user:password@host:5432/healthhub; there is no default database.")
DATABASES: dict[str, dict[str, Any]] = {"default": env.db_url("DATABASE_URL")}
if DATABASES["default"]["ENGINE"] != "django.db.backends.postgresql":
    raise ImproperlyConfigured("DATABASE_URL must name a PostgreSQL database: partitions, row locks and arrays are used throughout.")
DATABASES["default"]["OPTIONS"] = {
    **DATABASES["default"].get("OPTIONS", {}),
    # Every thread of a web process borrows from one pool; workers and commands hold one connection.
    # While PostgreSQL is away a request waits five seconds and is told to come back; the pool never rests longer than four
    # between two tries (its own default doubles the rest for five minutes).
    # Values travel beside the statement, and what a connection has asked five times is planned no more.
    "server_side_binding": True,
    "prepare_threshold": env.int("DATABASE_PREPARE_AFTER", default=5),
    "pool": {"min_size": 1, "max_size": env.int("DATABASE_POOL", default=10), "timeout": 5, "reconnect_timeout": 7},
}
DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"] = True

REDIS_URL = required("REDIS_URL", "a Redis or Valkey address such as redis://host:6379/0; it carries tasks and live hints only.")

INSTALLED_APPS = [
    "healthhub.config",
    "healthhub.people",
    "healthhub.audit",
    "healthhub.records",
    "notifications",
    "risk",
    "monitoring",
    "healthhub.care",
    "healthhub.web",
    "healthhub.api",
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "rest_framework",
    "drf_spectacular",
    "channels",
    "oauth2_provider",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",  # pages; what is static was compressed when it was collected
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "healthhub.web.session.Idle",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

# What is left of them for a device's request to the API (see healthhub.config.lanes): no cookie can come with it, and no page goes back.
DEVICE_MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
]

ROOT_URLCONF = "healthhub.config.urls"
WSGI_APPLICATION = "healthhub.config.wsgi.application"
ASGI_APPLICATION = "healthhub.config.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# People and sign-in
AUTH_USER_MODEL = "people.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = (
    ["django.contrib.auth.hashers.MD5PasswordHasher"] if MODE == "test" else ["django.contrib.auth.hashers.Argon2PasswordHasher"]
)
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if PRODUCTION else "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_RATE_LIMITS = {} if MODE == "test" else {"login_failed": "10/m/ip,5/5m/key", "login": "30/m/ip"}
ACCOUNT_SESSION_REMEMBER = True
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
# Staff without a second factor are sent to set one up before they see any person. Organisations may ask for it one by one.
STAFF_MFA_REQUIRED = env.bool("STAFF_MFA_REQUIRED", default=PRODUCTION)
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=0)
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"

# Sessions, cookies, transport
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = PRODUCTION
SESSION_COOKIE_AGE = 30 * 24 * 3600
# A session that lies still ends: of staff, who see many people, soon; on a patient's own phone much later (see healthhub.web.session).
SESSION_IDLE_STAFF = timedelta(minutes=env.float("SESSION_IDLE_MINUTES", default=30))
SESSION_IDLE_PATIENT = timedelta(days=env.float("SESSION_IDLE_PATIENT_DAYS", default=14))
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = PRODUCTION
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ALLAUTH_TRUSTED_PROXY_COUNT else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "object-src": ["'none'"],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024  # pages and forms; readings have their own limit below

# Apps that read by SMART on FHIR (healthhub.people.smart); their keys are kept as SHA-256 only.
OAUTH2_PROVIDER_APPLICATION_MODEL = "oauth2_provider.Application"
REFRESH_TOKEN_DAYS = 90
OAUTH2_PROVIDER = {
    "SCOPES_BACKEND_CLASS": "healthhub.people.oauth.Scopes",
    "OAUTH2_VALIDATOR_CLASS": "healthhub.people.oauth.Validator",
    "ACCESS_TOKEN_EXPIRE_SECONDS": 3600,
    "REFRESH_TOKEN_EXPIRE_SECONDS": REFRESH_TOKEN_DAYS * 24 * 3600,
    "AUTHORIZATION_CODE_EXPIRE_SECONDS": 60,
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    "ALLOW_LOCALHOST_LOOPBACK": True,
    "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
    "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
    "COMPLIANT_BCP_RFC9700_REFRESH_TOKEN": True,
    # Apps on this machine are led back to by plain http; `smart.register` takes it for no other host.
    "COMPLIANT_BCP_RFC9700_REDIRECT_URI_SCHEME": False,
    "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
    "COMPLIANT_BCP_RFC9700_REDIRECT_URI_MATCHING": True,
    "COMPLIANT_BCP_RFC9700_PKCE_REQUIRED": True,
}
SILENCED_SYSTEM_CHECKS = ["oauth2_provider.W008"]  # that plain http is possible at all

# Language and time
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "healthhub" / "web" / "locale"]
FORMAT_MODULE_PATH = ["healthhub.web.formats"]
USE_I18N = USE_TZ = True
TIME_ZONE = "UTC"

# Files
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "healthhub" / "web" / "built"]  # the scripts, as tools/bootstrap.py builds them from healthhub/web/assets
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(BASE_DIR / "var" / "static")))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if MODE == "test"
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = MODE == "test"
# Files of other products until their readings are taken in: web and workers must see the same place, and nobody else.
IMPORT_ROOT = Path(env.str("IMPORT_ROOT", default=str(BASE_DIR / "var" / "imports"))).resolve()
IMPORT_MAX_BYTES = 2 * 1024**3
if any(IMPORT_ROOT.is_relative_to(served.resolve()) for served in (STATIC_ROOT, *STATICFILES_DIRS)):
    raise ImproperlyConfigured("IMPORT_ROOT lies where static files are served from; files of readings are nobody's to fetch.")

# API
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["healthhub.api.auth.TokenAuthentication", "healthhub.api.auth.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["healthhub.api.auth.DeniedByDefault"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["healthhub.api.parsers.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "healthhub.api.errors.handler",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "HealthHub",
    "DESCRIPTION": "Readings in, the fate of each told; alerts, consent, tokens and the access log.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,  # what is sent may not be blank; what is answered may
    "ENFORCE_NON_BLANK_FIELDS": True,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "ENUM_NAME_OVERRIDES": {
        "AlertStateEnum": "monitoring.models.AlertState",
        "SeverityEnum": "monitoring.models.Severity",
        "ReadingStateEnum": ["current", "superseded", "deleted"],
        "ContactKindEnum": ["visit", "call", "message", "note"],
        "OutcomeKindEnum": ["admission", "emergency_visit", "death", "confirmed_alert"],
        "AlertsAskedEnum": ["open", "closed"],
        "ModelVersionStateEnum": ["challenger", "champion", "retired", "refused"],
    },
}
OBSERVATIONS_MAX_BYTES = 8 * 1024 * 1024  # after inflating
OBSERVATIONS_MAX_COUNT = 10_000
# MQTT (docs/dialects.md): the broker, the gateway's password there, and where its account files are written.
MQTT_URL = env.str("MQTT_URL", default="mqtt://127.0.0.1:1883")
MQTT_PASSWORD = env.str("MQTT_PASSWORD", default="")
MQTT_ACCOUNTS = env.str("MQTT_ACCOUNTS", default="")
MQTT_MAX_BYTES = 256 * 1024
# A replay token may state the moment it plays; a clinic in production never believes a client's clock.
REPLAY_CLOCK = not PRODUCTION

# Live
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL], "prefix": env.str("LIVE_PREFIX", default="healthhub")},
    }
}

# Tasks. The broker may lose anything (see docs/): every task is a row that the sweep will find again.
# kombu has a name of its own for a unix socket, and another for the number of the database.
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://").replace("?db=", "?virtual_host=")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT, CELERY_TASK_SOFT_TIME_LIMIT = 45, 30
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 90,
    "unacked_mutex_expire": 10,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_PUBLISH_RETRY = False  # a dead broker must not hold up a request: the sweep brings the row
CELERY_TASK_DEFAULT_QUEUE = "deliver"
CELERY_TASK_ROUTES = {"risk.*": {"queue": "assess"}}
CELERY_TIMEZONE = "UTC"

# Sweep
SWEEP_EVERY = timedelta(seconds=env.float("SWEEP_SECONDS", default=5))
DEAD_MAN_URL = env.str("DEAD_MAN_URL", default="")
AUDIT_ANCHOR_FILE = env.str("AUDIT_ANCHOR_FILE", default="")
BACKUP_STAMP_FILE = env.str("BACKUP_STAMP_FILE", default="")
BACKUP_MAX_HOURS = env.int("BACKUP_MAX_HOURS", default=26)
# Other ways than the keypad into the logging page: "dictation", or the dotted path of a reader of your own. None by default.
LOG_READERS = env.list("LOG_READERS", default=[])
ERASURE_WAIT = timedelta(days=env.int("ERASURE_DAYS", default=14))  # between asking to be erased and its being done
RETENTION_MONTHS = env.int("RETENTION_MONTHS", default=0)  # 0: keep for ever

# Mail and push
EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
DEFAULT_FROM_EMAIL = env.str("FROM_EMAIL", default="healthhub@localhost")
PUBLIC_URL = env.str("PUBLIC_URL", default="http://127.0.0.1:8000")
VAPID_PRIVATE_KEY = env.str("VAPID_PRIVATE_KEY", default="")
VAPID_CONTACT = env.str("VAPID_CONTACT", default="mailto:operator@localhost")
# Makers' clouds that readings are fetched from; without a client id a maker is not offered. The addresses are for tests.
VENDORS = {
    "withings": {
        "client_id": env.str("WITHINGS_CLIENT_ID", default=""),
        "client_secret": env.str("WITHINGS_CLIENT_SECRET", default=""),
        "api": env.str("WITHINGS_API", default=""),
        "accounts": env.str("WITHINGS_ACCOUNTS", default=""),
    },
    "dexcom": {
        "client_id": env.str("DEXCOM_CLIENT_ID", default=""),
        "client_secret": env.str("DEXCOM_CLIENT_SECRET", default=""),
        "api": env.str("DEXCOM_API", default=""),
    },
    "oura": {
        "client_id": env.str("OURA_CLIENT_ID", default=""),
        "client_secret": env.str("OURA_CLIENT_SECRET", default=""),
        "api": env.str("OURA_API", default=""),
        "accounts": env.str("OURA_ACCOUNTS", default=""),
    },
    "google_health": {
        "client_id": env.str("GOOGLE_HEALTH_CLIENT_ID", default=""),
        "client_secret": env.str("GOOGLE_HEALTH_CLIENT_SECRET", default=""),
        "api": env.str("GOOGLE_HEALTH_API", default=""),
        "accounts": env.str("GOOGLE_HEALTH_ACCOUNTS", default=""),
        "tokens": env.str("GOOGLE_HEALTH_TOKENS", default=""),
    },
}
EMAIL_TIMEOUT = 4  # seconds: below the first lease of a notice
# How long an open page may take to say `seen` before the next channel is tried; urgent and red do not wait for it.
LIVE_GRACE = timedelta(seconds=env.float("LIVE_GRACE_SECONDS", default=10))
# Webhooks may lead into private networks (and use plain http): for a demo and tests, or a gateway in a clinic's own network.
OUTBOUND_PRIVATE = env.bool("OUTBOUND_PRIVATE", default=not PRODUCTION)
# Apprise services at hosts of their own on the open internet; those that name a host could be pointed inwards.
APPRISE_SERVICES = env.list(
    "APPRISE_SERVICES", default=["wecombot", "dingtalk", "feishu", "lark", "schan", "pushplus", "tgram", "pover", "discord", "slack"]
)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"err": {"class": "logging.StreamHandler", "stream": sys.stderr, "formatter": "line"}},
    "root": {"handlers": ["err"], "level": env.str("LOG_LEVEL", default="WARNING")},
}
