"""Settings of the site. Every one that an owner may change is an environment variable `HAIRLINE_…`.

A bad value stops the start with a sentence that names the variable, the value and what is allowed.
"""

from datetime import timedelta
from pathlib import Path

import django_stubs_ext
from celery.schedules import crontab
from csp.constants import NONE, SELF
from environs import Env, validate
from redis.backoff import NoBackoff
from redis.retry import Retry

from inspection_site import logs
from inspection_site.values import (
    folder_of_photos,
    long_or_absent,
    private_key,
    readable_refusals,
    redis_address,
    tile_address,
    tile_sources,
    time_zone,
    translations,
)

# Lets classes such as ModelForm carry their type argument when the code runs.
django_stubs_ext.monkeypatch()

env = Env()
VERSION = "0.1.0"
BASE_DIR = Path(__file__).resolve().parent.parent

# === Where things are ===
with readable_refusals(), env.prefixed("HAIRLINE_"):
    DATA_DIR = Path(env.str("DATA", str(BASE_DIR / "var"))).resolve()
    DEBUG = env.bool("DEBUG", False)
    SECRET_KEY = env.str("SECRET_KEY", "", validate=long_or_absent) or private_key(
        DATA_DIR / "secret_key"
    )
    # Former keys, whose sessions live on until they end by themselves.
    SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", [])
    MODEL_KEY = env.str("MODEL_KEY", "", validate=long_or_absent) or private_key(
        DATA_DIR / "model_key"
    )
    ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
    CSRF_TRUSTED_ORIGINS: list[str] = env.list("TRUSTED_ORIGINS", [])
    HTTPS = env.bool("HTTPS", False)
    TIME_ZONE = env.str("TIME_ZONE", "UTC", validate=time_zone)
    DATABASE_URL = env.dj_db_url("DATABASE_URL", f"sqlite:///{DATA_DIR / 'db.sqlite3'}")
    REDIS_URL = env.str("REDIS_URL", "redis://127.0.0.1:6379/0", validate=redis_address)
    ENGINE = env.str("ENGINE", "keras", validate=validate.OneOf(["keras", "stub"]))
    REPLAY_DATA = env.str("REPLAY_DATA", "", validate=folder_of_photos)
    SECOND_ADMIN = env.bool("SECOND_ADMIN", False)
    MAP_TILES = env.str("MAP_TILES", "", validate=tile_address)
    MAP_CREDIT = env.str("MAP_CREDIT", "")
    ACCEL_REDIRECT = env.bool("ACCEL_REDIRECT", False)
    LOGS = env.str("LOGS", "text", validate=validate.OneOf(["text", "json"]))
    CLASSIFY_LEASE_SECONDS = env.int(
        "CLASSIFY_LEASE_SECONDS", 60, validate=validate.Range(min=5, max=3600)
    )
    SWEEP_SECONDS = env.int("SWEEP_SECONDS", 15, validate=validate.Range(min=1, max=600))
    UPLOADS_PER_MINUTE = env.int("UPLOADS_PER_MINUTE", 1200, validate=validate.Range(min=1))
    # 0: as many as the disk holds.
    MOST_PHOTOS = env.int("MOST_PHOTOS", 0, validate=validate.Range(min=0))
    MOST_GIGABYTES = env.int("MOST_GIGABYTES", 0, validate=validate.Range(min=0))
    CENSUS_SECONDS = env.int("CENSUS_SECONDS", 30, validate=validate.Range(min=5, max=600))
    METRICS_TOKEN = env.str("METRICS_TOKEN", "", validate=long_or_absent)
    TRAINING_SILENCE_SECONDS = env.int(
        "TRAINING_SILENCE_SECONDS", 90, validate=validate.Range(min=5, max=3600)
    )
    TRAINING_EPOCHS = env.int("TRAINING_EPOCHS", 4, validate=validate.Range(min=1, max=100))

MEDIA_ROOT = DATA_DIR / "media"
MODELS_ROOT = DATA_DIR / "models"
FILE_UPLOAD_TEMP_DIR = MEDIA_ROOT / "incoming"
FILE_UPLOAD_TEMP_DIR.mkdir(parents=True, exist_ok=True)
FILE_UPLOAD_HANDLERS = ["classifier.views.upload_handler.BoundedUpload"]
FILE_UPLOAD_PERMISSIONS = 0o640
DATA_UPLOAD_MAX_NUMBER_FILES = 1
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500

# === Parts ===
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "axes",
    "csp",
    "classifier",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "inspection_site.logs.request_middleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "classifier.accounts.recording_middleware",
    "classifier.time_zones.middleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "inspection_site.urls"
WSGI_APPLICATION = "inspection_site.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": [
                "django.templatetags.i18n",
                "classifier.templatetags.times",
                "classifier.templatetags.words",
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# === Database ===
# IMMEDIATE and WAL: with SQLite's defaults one concurrent write in four fails as "locked".
DATABASES = {"default": {**DATABASE_URL, "ATOMIC_REQUESTS": False}}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": (
            "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA busy_timeout=20000;"
        ),
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# === Counts that all processes share ===
# Beside the queue, and worth no more than a pause: without it each process counts for itself.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL.replace("redis+socket://", "unix://").replace("virtual_host=", "db="),
        "KEY_PREFIX": "hairline",
        "OPTIONS": {
            "socket_timeout": 0.5,
            "socket_connect_timeout": 0.5,
            "retry": Retry(NoBackoff(), 0),
        },
    }
}

# === People ===
AUTH_USER_MODEL = "classifier.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
_VALIDATION = "django.contrib.auth.password_validation."
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": _VALIDATION + "UserAttributeSimilarityValidator"},
    {"NAME": _VALIDATION + "MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": _VALIDATION + "CommonPasswordValidator"},
    {"NAME": "classifier.passwords.WithoutWordsOfTheSite"},
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign-in"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_TEMPLATE = "registration/locked.html"
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
AXES_CLIENT_IP_CALLABLE = "classifier.views.access.client_address"
# Not in a cookie: some of them hold a link that opens a door, and the name could be no __Host- one.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# === Pages ===
LANGUAGE_CODE = "en-gb"
USE_I18N = True
LOCALE_PATHS = [BASE_DIR / "locale"]
# Those that are translated: another one would have pages of two languages, as Django has its own.
LANGUAGES = [(LANGUAGE_CODE, "English"), *translations(BASE_DIR / "locale")]
USE_TZ = True
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
# WhiteNoise reads the files where they lie: nothing to collect, one step fewer to forget.
WHITENOISE_USE_FINDERS = True
WHITENOISE_ALLOW_ALL_ORIGINS = False
WHITENOISE_MIMETYPES = {".svg": "image/svg+xml; charset=utf-8"}
WHITENOISE_AUTOREFRESH = DEBUG
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "blob:", *tile_sources(MAP_TILES)],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_AGE = 8 * 3600
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True  # forms carry the token; no script has to read the cookie
if HTTPS:  # a name that browsers accept from this very host alone
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^(health|ready)z$"]
if HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# How long the sweeper may be silent before /healthz says so.
SWEEP_SILENCE_SECONDS = max(90, 4 * SWEEP_SECONDS)

# === Queue ===
# The database row is the queue of record and Redis the doorbell; these settings keep a lost or
# frozen broker from holding up an upload, and a dead worker from losing a message for long.
CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 1800,
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    "max_retries": 1,
}
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_max": 0.2}
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_ACKS_ON_TIMEOUT = False
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
# Of 0 to 9, on Redis 0 first: photos whose worker died go ahead of all that only wait.
CELERY_TASK_DEFAULT_PRIORITY = 3
CELERY_TASK_CREATE_MISSING_QUEUES = True
CELERY_TASK_DEFAULT_QUEUE = "maint"
CELERY_TASK_ROUTES = {
    "classifier.tasks.classify_photo": {"queue": "classify"},
    "classifier.tasks.write_report": {"queue": "report"},
    "classifier.tasks.run_training": {"queue": "train"},
    "classifier.tasks.compare_version": {"queue": "train"},
    "classifier.tasks.rescore": {"queue": "train"},
    "classifier.tasks.sweep": {"queue": "maint"},
    "classifier.tasks.take_census": {"queue": "maint"},
    "classifier.tasks.verify": {"queue": "train"},
}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 30
CELERY_WORKER_MAX_TASKS_PER_CHILD = 300
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 1_500_000
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULER = "inspection_site.beat:Steady"
CELERY_BEAT_MAX_LOOP_INTERVAL = 15
CELERY_BEAT_SCHEDULE = {
    "sweep": {
        "task": "classifier.tasks.sweep",
        "schedule": SWEEP_SECONDS,
        "options": {"expires": SWEEP_SECONDS},
    },
    "census": {
        "task": "classifier.tasks.take_census",
        "schedule": CENSUS_SECONDS,
        "options": {"expires": CENSUS_SECONDS},
    },
    "verify": {
        "task": "classifier.tasks.verify",
        "schedule": crontab(hour="2", minute="10"),
        "options": {"expires": 20 * 3600},
    },
}

LOGGING = logs.configuration(LOGS)
