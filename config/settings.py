"""Settings; whatever varies is an environment variable (docs/operations.md lists them)."""

from __future__ import annotations

from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import environ
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured

import frontend
from config import env, home
from config.oidc import options

BASE_DIR = Path(__file__).resolve().parent.parent
ASSAY_HOME = home.assay_home(BASE_DIR)
IS_EMBEDDED = not env.text("DATABASE_URL")

DEBUG = env.flag("DEBUG", default=False)
if not (SECRET_KEY := env.text("SECRET_KEY")):
    if not IS_EMBEDDED:
        raise ImproperlyConfigured(
            "SECRET_KEY is not set. Outside the embedded mode it is required: "
            "set it to 50 or more random characters."
        )
    try:
        ASSAY_HOME.mkdir(parents=True, exist_ok=True)
        SECRET_KEY = home.secret_key(ASSAY_HOME)
    except OSError as error:
        raise ImproperlyConfigured(
            f"ASSAY_HOME={str(ASSAY_HOME)!r} cannot be written: {error.strerror}"
        ) from error
_OWN_HOSTS = "localhost,127.0.0.1,[::1]"
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", _OWN_HOSTS)
if DEBUG and not set(ALLOWED_HOSTS) <= set(_OWN_HOSTS.split(",")):
    raise ImproperlyConfigured(
        "DEBUG=1 shows the insides of the site to whoever makes it fail: it is for this "
        "machine alone, and ALLOWED_HOSTS names others. Leave one of them unset."
    )
CSRF_FAILURE_VIEW = "config.failures.csrf_failed"
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS", "")
IS_HTTPS = env.flag("HTTPS", default=False)
# How many proxies stand before the web server: callers' addresses come from them.
PROXIES = env.number("PROXIES", int(IS_HTTPS))
# Below which path of its host the site stands; a proxy may pass it on or take it off.
URL_PREFIX = env.prefix("URL_PREFIX")
FORCE_SCRIPT_NAME = URL_PREFIX or None
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = LANGUAGE_COOKIE_PATH = f"{URL_PREFIX}/"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "csp",
    "rest_framework",
    "drf_spectacular",
    "config",
    "running",
    "labeling",
    "activelearn",
]
MIDDLEWARE = [
    "config.callers.Callers",
    "config.middleware.Probes",
    "config.metrics.requests.Timed",
    "config.middleware.Private",
    "config.devices.Devices",
    "config.middleware.TryAgain",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.middleware.ContentPolicy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "config.middleware.Languages",
    "config.middleware.Zones",
    "django.middleware.common.CommonMiddleware",
    # Before a form is read: its files are written to the disk.
    "config.space.Space",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "config.bodies.Bodies",
    "config.middleware.Messages",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
# In the database: a cookie would carry what they say, such as a new member's password.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [frontend.FOLDER / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "config.prefix.log_ins",
            ],
        },
    }
]

try:
    _database = environ.Env.db_url_config(
        env.text("DATABASE_URL") or home.database_url(ASSAY_HOME)
    )
except (ValueError, KeyError) as error:
    raise ImproperlyConfigured(f"DATABASE_URL is not an address: {error}") from error
if _database.get("ENGINE") != "django.db.backends.postgresql":
    raise ImproperlyConfigured(
        "DATABASE_URL must start with postgresql:// (no other database will do)."
    )
DATABASES = {
    "default": {
        **_database,
        "ENGINE": "config.database",
        "HOST": unquote(_database.get("HOST", "")),
        "CONN_MAX_AGE": env.number("CONN_MAX_AGE", 300),
        "CONN_HEALTH_CHECKS": True,
    }
}
# How long the web waits for one statement, and for a lock, before it answers 503.
WEB_STATEMENT_SECONDS = env.number("WEB_STATEMENT_SECONDS", 30)
WEB_LOCK_SECONDS = env.number("WEB_LOCK_SECONDS", 10)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "labeling.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
AUTHENTICATION_BACKENDS = ["config.sessions.Accounts"]
SESSION_ENGINE = "config.sessions"
LOGIN_URL = LOGOUT_REDIRECT_URL = "login"
# How long a link for a new password is good.
PASSWORD_RESET_TIMEOUT = 24 * 3600
LOGIN_REDIRECT_URL = "home"
# Log-ins by another party (OpenID Connect), None where OIDC_ISSUER names none.
OIDC = options.read()

try:
    _mail = environ.Env.email_url_config(env.text("EMAIL_URL") or "dummymail://")
except (ValueError, KeyError) as error:
    raise ImproperlyConfigured(f"EMAIL_URL is not an address: {error}") from error
HAS_MAIL = bool(env.text("EMAIL_URL"))
EMAIL_BACKEND = _mail["EMAIL_BACKEND"]
EMAIL_HOST, EMAIL_PORT = (
    _mail.get("EMAIL_HOST") or "localhost",
    _mail["EMAIL_PORT"] or 25,
)
EMAIL_HOST_USER = _mail.get("EMAIL_HOST_USER") or ""
EMAIL_HOST_PASSWORD = _mail.get("EMAIL_HOST_PASSWORD") or ""
EMAIL_USE_TLS = _mail.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = _mail.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("MAIL_FROM") or "assay@localhost"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch"), ("es", "Español")]
if env.flag("PSEUDO_LOCALE", default=False):
    LANGUAGES.append(("en-xa", "Pseudo"))
LOCALE_PATHS = [Path(__file__).resolve().parent / "locale"]
# How each language writes moments; the rest is Django's.
FORMAT_MODULE_PATH = "config.formats"
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = IS_HTTPS
# A browser takes such a name only by TLS from this very host: no neighbor can set it.
# Below a path it may come from any path of the host, which the name cannot promise.
HOST_ONLY = ("__Secure-" if URL_PREFIX else "__Host-") if IS_HTTPS else ""
LANGUAGE_COOKIE_NAME = f"{HOST_ONLY}django_language"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = f"{URL_PREFIX}/static/"
STATIC_ROOT = ASSAY_HOME / "static"
STATICFILES_DIRS = [frontend.FOLDER / "static"]
MEDIA_ROOT = ASSAY_HOME / "media"
STORAGES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(MEDIA_ROOT)},
    },
    "staticfiles": {"BACKEND": "config.static.ModuleManifestStorage"},
}
# Features, models and snapshots of the learner, content-addressed.
LEARN_ROOT = ASSAY_HOME / "learn"

# A text body of an import may be larger; it is streamed, never parsed here.
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 2**20
# A field for each column of a file, or label; what they hold is bounded above.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000
FILE_UPLOAD_MAX_MEMORY_SIZE = 2**20
IMPORT_MAX_BYTES = env.number("IMPORT_MAX_MB", 2048) * 2**20
# With less free on the disk nothing is taken: the database would stop for want of room.
MIN_FREE_BYTES = env.number("MIN_FREE_MB", 256) * 2**20
# Networks that sources may be in beside the internet, and the folder for those on the disk.
SOURCE_NETWORKS = env.networks("SOURCE_NETWORKS")
SOURCE_FOLDER = env.text("SOURCE_FOLDER")
# How long an export may read: while it does, leases become slower.
EXPORT_MAX_SECONDS = env.number("EXPORT_MAX_SECONDS", 60)

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_NAME = f"{HOST_ONLY}sessionid"
CSRF_COOKIE_NAME = f"{HOST_ONLY}csrftoken"
DEVICE_COOKIE_NAME = f"{HOST_ONLY}devices"
SECURE_SSL_REDIRECT = IS_HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if IS_HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if IS_HTTPS else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "labeling.api.http.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "labeling.api.http.negotiation.OnlyRenderer",
    "DEFAULT_RENDERER_CLASSES": ["labeling.api.http.writing.ReplyRenderer"],
    "DEFAULT_PARSER_CLASSES": ["labeling.api.http.parsers.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "labeling.api.http.schema.DeclaredSchema",
    "EXCEPTION_HANDLER": "labeling.api.http.problems.handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Assay",
    "DESCRIPTION": "Human-in-the-loop labeling and active learning.",
    "VERSION": "0.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "OAS_VERSION": "3.1.0",  # whose schemas are those of the declared types
    # Choices stay where they are declared.
    "POSTPROCESSING_HOOKS": [],
}

# A table of the database, where no other broker is named (config/doorbells.py).
CELERY_BROKER_URL = env.text("BROKER_URL") or "postgresql://database"
if env.text("BROKER_URL").startswith("postgres"):
    raise ImproperlyConfigured(
        "BROKER_URL is for Redis or Valkey (redis://…). Leave it unset, and the "
        "database of DATABASE_URL is the broker."
    )
if env.text("BROKER_URL").startswith("redis") and find_spec("redis") is None:
    raise ImproperlyConfigured(
        "BROKER_URL names a Redis, and the package for it is not installed: "
        "the extra redis (docs/operations.md), or make extras in a clone."
    )
# It would ask for a queue of its own; the table has none that everybody hears.
CELERY_WORKER_ENABLE_REMOTE_CONTROL = bool(env.text("BROKER_URL"))
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # Above the longest task, or a running task would be started a second time.
    "visibility_timeout": 6 * 3600,
    "unacked_restore_interval": 10,
    "socket_timeout": 10,
    # Once, not for seconds: a person's answer waits for this call.
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.1,
    "interval_max": 0.1,
}
CELERY_TASK_IGNORE_RESULT = True
# A doorbell that cannot be rung must not keep a person waiting: a sweep follows.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_DEFAULT_QUEUE = "interactive"
CELERY_TASK_ROUTES = {"activelearn.*": {"queue": "training"}}
# Seconds for which a process keeps what it has seen of the traffic before it writes it.
WATCH_SECONDS = 10.0
CELERY_BEAT_SCHEDULE = {
    "settle what a lost message left": {
        "task": "labeling.settle_all",
        "schedule": timedelta(seconds=10),
    },
    "take back expired leases": {
        "task": "labeling.reclaim_leases",
        "schedule": timedelta(seconds=30),
    },
    "ring again for waiting jobs": {
        "task": "labeling.ring_jobs",
        "schedule": timedelta(seconds=10),
    },
    "delete the files of ended imports": {
        "task": "labeling.forget_files",
        "schedule": timedelta(hours=1),
    },
    "delete sessions and tokens that are over": {
        "task": "labeling.forget_access",
        "schedule": timedelta(hours=1),
    },
    "delete pictures that no item shows any more": {
        "task": "labeling.forget_pictures",
        "schedule": timedelta(hours=6),
    },
    "list the sources that are due": {
        "task": "labeling.list_sources",
        "schedule": timedelta(minutes=5),
    },
    "send messages to programs that are due": {
        "task": "labeling.deliver_webhooks",
        "schedule": timedelta(seconds=10),
    },
    "delete old messages to programs": {
        "task": "labeling.forget_webhooks",
        "schedule": timedelta(hours=6),
    },
    "sketch the items of earlier releases": {
        "task": "labeling.sketch",
        "schedule": timedelta(hours=1),
    },
    "forget what was learned from deleted items": {
        "task": "activelearn.forget",
        "schedule": timedelta(hours=6),
    },
    "judge what goes in and out of models": {
        "task": "activelearn.watch",
        "schedule": timedelta(seconds=60),
    },
    "have missing predictions made": {
        "task": "activelearn.mend",
        "schedule": timedelta(hours=1),
    },
    "compare counters with what they count": {
        "task": "labeling.recount",
        "schedule": timedelta(hours=6),
    },
    "keep rankings and retraining due": {
        "task": "activelearn.consider_all",
        "schedule": timedelta(seconds=15),
    },
}

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "format": "%(asctime)s %(levelname)-7s %(request_id)s %(name)s: %(message)s"
        }
    },
    "filters": {
        "sparing": {"()": "config.logs.Sparing"},
        "one line": {"()": "config.logs.OneLine"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["sparing", "one line"],
        }
    },
    "root": {"handlers": ["console"], "level": "INFO"},
}
