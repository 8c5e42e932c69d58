"""Every setting of OurVidz, read from the environment (see .env.example) with defaults that make a
laptop installation work by itself. Not for choices that an operator makes while it runs: those are
rows (presets, workers) and belong to the admin.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import environ
from csp.constants import NONE, SELF

from ourvidz.broker import dramatiq_broker
from ourvidz.embedded import addresses
from ourvidz.secrets import local_secret

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
env.smart_cast = False

# For people who keep their settings in a file: the environment wins over it.
if (BASE_DIR / ".env").is_file():
    environ.Env.read_env(str(BASE_DIR / ".env"))

DATA_DIR = Path(env.str("OURVIDZ_DATA_DIR", "") or BASE_DIR / "var").resolve()

DEBUG = env.bool("OURVIDZ_DEBUG", False)
SECRET_KEY = env.str("SECRET_KEY", "") or local_secret(DATA_DIR, "secret_key")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
SITE_URL = (env.str("OURVIDZ_URL", "") or "http://localhost:8000").rstrip("/")
# Where `manage.py up` listens, and who its first operator is.
HOST = env.str("OURVIDZ_HOST", "127.0.0.1")
PORT = env.int("OURVIDZ_PORT", 8000)
OPERATOR_EMAIL = env.str("OURVIDZ_OPERATOR_EMAIL", "operator@localhost")
SECURE = SITE_URL.startswith("https://")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[SITE_URL])
# One prefix for everything this installation keeps in Redis, so that several can share a server.
NAMESPACE = env.str("OURVIDZ_NAMESPACE", "ourvidz")

INSTALLED_APPS = [
    "daphne",
    "ourvidz.admin_site.OperatorConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "channels",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "csp",
    "lucide",
    "allauth",
    "allauth.account",
    "django_dramatiq",
    "dramatiq_crontab",
    "ourvidz",
    "accounts",
    "jobs",
    "library",
    "workspace",
    "workers",
]

MIDDLEWARE = [
    # Probes know neither our host nor https.
    "ourvidz.health.HealthMiddleware",
    "django.middleware.security.SecurityMiddleware",
    # Before sessions and the database: the page's own files need neither.
    "ourvidz.bundle.AssetMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "accounts.middleware.SlidingSessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    # Everything below runs inside one transaction with the identity of the person.
    "accounts.middleware.IdentityMiddleware",
    "accounts.preferences.PreferencesMiddleware",
    "ourvidz.middleware.FeedHeadMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "ourvidz.urls"
ASGI_APPLICATION = "ourvidz.asgi.application"

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
                "ourvidz.pages.page",
            ],
        },
    },
]

# --- Database -------------------------------------------------------------------------------------
DATABASES = {
    "default": {
        # Without a url: the server that `manage.py up` starts.
        **env.db_url_config(env.str("DATABASE_URL", "") or addresses.database_url(DATA_DIR)),
        # The view's own transaction stays on: DRF looks for it to undo what a refused request
        # wrote.
        "ATOMIC_REQUESTS": True,
    }
}
if env.bool("DATABASE_POOL", False):
    DATABASES["default"]["ENGINE"] = "dj_db_conn_pool.backends.postgresql"
    DATABASES["default"]["POOL_OPTIONS"] = {"POOL_SIZE": 8, "MAX_OVERFLOW": 24, "RECYCLE": 3600}
# E-mail is unique without regard to case, by an index on lower(email), which the check cannot see.
SILENCED_SYSTEM_CHECKS = ["auth.W004"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Redis: cache, realtime, broker ---------------------------------------------------------------
REDIS_URL = env.str("REDIS_URL", "") or addresses.redis(DATA_DIR)
BROKER_URL = env.str("BROKER_URL", "") or REDIS_URL
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": f"{NAMESPACE}:cache",
    },
    # Finished parts of pages, a few kilobytes each, in every web process (ourvidz/drawn.py). While
    # templates are being written, nothing is kept.
    "drawn": {
        "BACKEND": "django.core.cache.backends."
        + ("dummy.DummyCache" if DEBUG else "locmem.LocMemCache"),
        "TIMEOUT": 3600,
        "OPTIONS": {"MAX_ENTRIES": 4000},
    },
}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL], "prefix": f"{NAMESPACE}:channels"},
    }
}
DRAMATIQ_BROKER = {
    **dramatiq_broker(BROKER_URL, NAMESPACE),
    "MIDDLEWARE": [
        "dramatiq.middleware.AgeLimit",
        "dramatiq.middleware.TimeLimit",
        "dramatiq.middleware.ShutdownNotifications",
        "dramatiq.middleware.Callbacks",
        "dramatiq.middleware.Retries",
        "django_dramatiq.middleware.DbConnectionsMiddleware",
    ],
}
DRAMATIQ_AUTODISCOVER_MODULES = ["tasks"]

# --- Who is who -----------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/workspace/"
ACCOUNT_LOGOUT_REDIRECT_URL = "/accounts/login/"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_FORMS = {"login": "accounts.forms.SignInForm", "signup": "accounts.forms.SignUpForm"}
ACCOUNT_EMAIL_VERIFICATION = env.str("ACCOUNT_EMAIL_VERIFICATION", "optional")
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = "OurVidz: "
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if SECURE else "http"
SIGN_UP_OPEN = env.bool("SIGN_UP_OPEN", True)
# Sliding: visits move the end of the session (accounts.middleware.SlidingSessionMiddleware).
SESSION_COOKIE_AGE = int(timedelta(days=30).total_seconds())
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"

# --- Mail: the console and a file each by default -------------------------------------------------
EMAIL_BACKEND = env.str("EMAIL_BACKEND", "ourvidz.mail.ConsoleAndFileBackend")
EMAIL_FILE_PATH = DATA_DIR / "mail"
EMAIL_HOST = env.str("EMAIL_HOST", "localhost")
EMAIL_PORT = env.int("EMAIL_PORT", 25)
EMAIL_HOST_USER = env.str("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.str("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", False)
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "OurVidz <ourvidz@localhost>")

# --- API ------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.TokenAuthentication",
        "accounts.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": [
        "rest_framework.permissions.IsAuthenticated",
        "accounts.authentication.TokenHasScope",
    ],
    "DEFAULT_PARSER_CLASSES": ["ourvidz.parsers.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "ourvidz.schema.Schema",
    "EXCEPTION_HANDLER": "ourvidz.problems.problem_handler",
    # Proxies of ours before the site: what else X-Forwarded-For says may be made up.
    "NUM_PROXIES": env.int("OURVIDZ_PROXIES", 0),
    "DEFAULT_THROTTLE_CLASSES": ["rest_framework.throttling.ScopedRateThrottle"],
    "DEFAULT_THROTTLE_RATES": {
        "read": env.str("THROTTLE_READ", "1200/min"),
        "write": env.str("THROTTLE_WRITE", "300/min"),
        "generate": env.str("THROTTLE_GENERATE", "120/min"),
        "upload": env.str("THROTTLE_UPLOAD", "60/min"),
    },
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "OurVidz",
    "DESCRIPTION": "Images and videos from prompts: sessions, items, jobs, media, projects.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "ContentType": "jobs.models.ContentType",
        "JobStatus": "jobs.models.Job.Status",
        "ItemStatus": "workspace.models.WorkspaceItem.Status",
        "WorkerStatus": "workers.models.WorkerUrl.Status",
    },
}

# --- Files ----------------------------------------------------------------------------------------
STORAGE_DIR = DATA_DIR / "storage"
STORAGE_ALTERNATIVE_DIR = DATA_DIR / "storage-alternative"
S3_ENDPOINT_URL = env.str("S3_ENDPOINT_URL", "")
S3_BUCKET = env.str("S3_BUCKET", "")
S3_REGION = env.str("S3_REGION", "us-east-1")
S3_ACCESS_KEY_ID = env.str("S3_ACCESS_KEY_ID", "")
S3_SECRET_ACCESS_KEY = env.str("S3_SECRET_ACCESS_KEY", "")
# The alternative takes what the primary refuses: the folder above, or a second bucket.
S3_ALTERNATIVE_ENDPOINT_URL = env.str("S3_ALTERNATIVE_ENDPOINT_URL", "")
S3_ALTERNATIVE_BUCKET = env.str("S3_ALTERNATIVE_BUCKET", "")
S3_ALTERNATIVE_REGION = env.str("S3_ALTERNATIVE_REGION", "us-east-1")
S3_ALTERNATIVE_ACCESS_KEY_ID = env.str("S3_ALTERNATIVE_ACCESS_KEY_ID", "")
S3_ALTERNATIVE_SECRET_ACCESS_KEY = env.str("S3_ALTERNATIVE_SECRET_ACCESS_KEY", "")
# How long deleted media stay in the bin before `manage.py cleanup` removes them for good.
BIN_DAYS = env.int("BIN_DAYS", 30)
UPLOAD_MAX_BYTES = env.int("UPLOAD_MAX_BYTES", 25 * 1024 * 1024)
UPLOAD_MAX_PIXELS = env.int("UPLOAD_MAX_PIXELS", 50_000_000)
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True

# --- Jobs and workers -----------------------------------------------------------------------------
LEASE_SECONDS = env.int("LEASE_SECONDS", 60)
HEARTBEAT_SECONDS = env.int("HEARTBEAT_SECONDS", 10)
JOB_MAX_ATTEMPTS = env.int("JOB_MAX_ATTEMPTS", 3)
JOB_BACKOFF_SECONDS = env.int("JOB_BACKOFF_SECONDS", 2)
# What one person may: jobs unfinished, jobs at the same time, GPU seconds in 24 hours; 0: any. An
# operator can allow a person other figures.
JOBS_WAITING_PER_USER = env.int("JOBS_WAITING_PER_USER", 1000)
JOBS_RUNNING_PER_USER = env.int("JOBS_RUNNING_PER_USER", 0)
GPU_SECONDS_PER_DAY = env.int("GPU_SECONDS_PER_DAY", 0)
# How many GPU seconds a job may be passed over for, by those whose model is loaded already.
JOB_AFFINITY_SECONDS = env.float("JOB_AFFINITY_SECONDS", 10.0)
# Waiting so long, a job takes turns with those that operators put before it.
JOB_AGEING_SECONDS = env.int("JOB_AGEING_SECONDS", 600)
# Where rented machines find the broker, if it is another address there; none: they ask over HTTP.
WORKERS_BROKER_URL = env.str("WORKERS_BROKER_URL", "")
RUNPOD_API_KEY = env.str("RUNPOD_API_KEY", "")
RUNPOD_API_URL = env.str("RUNPOD_API_URL", "https://api.runpod.io/v2")
# Models that were fetched from the hub; a worker on this machine finds them there.
MODELS_DIR = Path(env.str("OURVIDZ_MODELS", "") or DATA_DIR / "models").resolve()
# LoRAs that people can choose; a worker on this machine takes them from there.
LORAS_DIR = Path(env.str("OURVIDZ_LORAS", "") or DATA_DIR / "loras").resolve()
HF_ENDPOINT = env.str("HF_ENDPOINT", "https://huggingface.co")
HF_TOKEN = env.str("HF_TOKEN", "")
# Networks inside that webhooks may lead to all the same, e.g. 10.1.0.0/16; everybody's may then.
WEBHOOK_ALLOWED_NETWORKS = env.list("WEBHOOK_ALLOWED_NETWORKS", default=[])
WORKSPACE_ITEM_DAYS = env.int("WORKSPACE_ITEM_DAYS", 7)

# --- Browser security -----------------------------------------------------------------------------
# Files in S3 come from its host, which pages must be allowed to show.
S3_HOST = S3_ENDPOINT_URL or f"https://{S3_BUCKET}.s3.{S3_REGION}.amazonaws.com"
MEDIA_HOSTS = env.list("MEDIA_HOSTS", default=[S3_HOST] if S3_BUCKET else [])
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "font-src": [SELF],
        "img-src": [SELF, "data:", "blob:", *MEDIA_HOSTS],
        "media-src": [SELF, "blob:", *MEDIA_HOSTS],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
SECURE_SSL_REDIRECT = False
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE else None
X_FRAME_OPTIONS = "DENY"

# --- Language and time ----------------------------------------------------------------------------
LANGUAGE_CODE = "en"
# Each by its own name: whoever looks for it reads no other.
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_TZ = True
TIME_ZONE = "UTC"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", "WARNING")},
    # That RabbitMQ is away, says whoever needed it, in one line; its client would need a hundred.
    "loggers": {"pika": {"level": "CRITICAL"}},
}
