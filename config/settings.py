"""Settings; whatever varies is an environment variable (docs/operations.md lists them)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import environ
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured

import frontend
from config import env, home

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
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS", "")
IS_HTTPS = env.flag("HTTPS", default=False)

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
    "config.middleware.TryAgain",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.middleware.ContentPolicy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "config.middleware.Languages",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "config.middleware.Messages",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
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
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/login/"

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
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "/static/"
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
FILE_UPLOAD_MAX_MEMORY_SIZE = 2**20
IMPORT_MAX_BYTES = env.number("IMPORT_MAX_MB", 2048) * 2**20
# How long an export may read: while it does, leases become slower.
EXPORT_MAX_SECONDS = env.number("EXPORT_MAX_SECONDS", 60)

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
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

CELERY_BROKER_URL = env.text("BROKER_URL") or home.broker_url(ASSAY_HOME)
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
    "delete pictures that no item shows any more": {
        "task": "labeling.forget_pictures",
        "schedule": timedelta(hours=6),
    },
    "forget what was learned from deleted items": {
        "task": "activelearn.forget",
        "schedule": timedelta(hours=6),
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
        "line": {"format": "%(asctime)s %(levelname)-7s %(name)s: %(message)s"}
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
}
