"""Django settings: wiring only. Values that differ between installations come from `env.py`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import dj_database_url
from csp.constants import NONCE, NONE, SELF

from tokenproject import env

BASE_DIR = Path(__file__).resolve().parent.parent

try:
    ENVIRONMENT = env.read(os.environ, base_dir=BASE_DIR)
except env.BadEnvironment as error:
    sys.exit(f"tokenproject: {error}")

VAR_DIR = ENVIRONMENT.var_dir
SECRET_KEY = ENVIRONMENT.secret_key
ENCRYPTION_KEYS = ENVIRONMENT.encryption_keys
DEBUG = ENVIRONMENT.debug
ALLOWED_HOSTS = ENVIRONMENT.allowed_hosts
ALLOWED_ORIGINS = ENVIRONMENT.allowed_origins
CSRF_TRUSTED_ORIGINS = ENVIRONMENT.allowed_origins
EGRESS_ALLOW_PRIVATE = ENVIRONMENT.egress_allow_private
APPROVAL_SECONDS = ENVIRONMENT.approval_seconds
TOOL_TIMEOUT = ENVIRONMENT.tool_timeout
ANTHROPIC_API_KEY = ENVIRONMENT.anthropic_api_key
OPENAI_API_KEY = ENVIRONMENT.openai_api_key

INSTALLED_APPS = [
    "daphne",
    "tokenproject",
    "settings_ui",
    "chat",
    "agents",
    "accounts",
    "accounts.sign_ins_app.SignInsConfig",
    "channels",
    "csp",
    "ninja",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "tokenproject.edge.Edge",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "tokenproject.urls"
ASGI_APPLICATION = "tokenproject.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
            ],
        },
    },
]

# SQLite: a transaction that reads before it writes must take its lock at once, or it fails with "database is locked".
_SQLITE = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 5,
    # The last is a net below `chat.checkpoints`, in pages of 4 kB.
    "init_command": (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-16000; PRAGMA wal_autocheckpoint=10000;"
    ),
}
DATABASES = {
    "default": dj_database_url.parse(
        ENVIRONMENT.database_url or f"sqlite:///{VAR_DIR / 'db.sqlite3'}", conn_max_age=None, conn_health_checks=True
    )
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = _SQLITE
    # A file, not memory: the turns of a test run in other threads than the test.
    DATABASES["default"]["TEST"] = {"NAME": VAR_DIR / f"test-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}.sqlite3"}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "chat:home"
LOGOUT_REDIRECT_URL = "login"
SET_UP_REDIRECT_URL = "settings_ui:first-key"  # our own: where the first admin goes after making the account
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_TEMPLATE = "registration/locked.html"
AXES_SENSITIVE_PARAMETERS = ["password"]

LANGUAGE_CODE = "en"
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
# Libraries are served out of node_modules by prefix, so that none is copied into the repository.
_LIBRARIES = {
    "lib/htmx": "htmx.org/dist",
    "lib/markdown-it": "markdown-it/dist/browser",
    "lib/dompurify": "dompurify/dist",
    "lib/highlight": "@highlightjs/cdn-assets/es",
    "lib/uplot": "uplot/dist",
}
STATICFILES_DIRS: list[Path | tuple[str, Path]] = [
    BASE_DIR / "static",
    *((prefix, BASE_DIR / "node_modules" / path) for prefix, path in _LIBRARIES.items()),
]
WHITENOISE_USE_FINDERS = True

_WEBSOCKET_ORIGINS = [origin.replace("http", "ws", 1) for origin in ALLOWED_ORIGINS]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF, *_WEBSOCKET_ORIGINS],
        "form-action": [SELF],
        "base-uri": [NONE],
        "object-src": [NONE],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 24 * 3600

# Behind TLS every origin is https: then cookies are, too.
_HTTPS = bool(ALLOWED_ORIGINS) and all(origin.startswith("https://") for origin in ALLOWED_ORIGINS)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _HTTPS
if _HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 3600

DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024 * 1024  # bytes; an imported conversation is the largest body

os.environ.setdefault("TIKTOKEN_CACHE_DIR", str(VAR_DIR / "tokenizers"))

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "tokenproject.log_lines.OneLine",
            "format": "{asctime} {levelname} {name}: {message}",
            "style": "{",
        }
    },
    "filters": {"no_traceback": {"()": "tokenproject.log_lines.WithoutTraceback"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "agents": {"level": "INFO"},
        "chat": {"level": "INFO"},
        "axes": {"level": "ERROR"},
        # Below WARNING these write down headers as they come, whatever a gateway repeats in them.
        "anthropic": {"level": "WARNING"},
        "datadog_api_client": {"level": "WARNING"},
        "httpcore2": {"level": "WARNING"},
        # Writes down whatever a server says, at any level; what failed is told by whoever called it.
        "mcp": {"level": "CRITICAL"},
        "openai": {"level": "WARNING"},
        "urllib3": {"level": "WARNING"},
        # Whoever asks for a name that is none of ours learns so; where in Django it was noticed helps nobody.
        "django.security.DisallowedHost": {"filters": ["no_traceback"]},
    },
}
