"""Settings of the tests: a folder of their own, and the engine that answers from marker pixels."""

import os
import tempfile

os.environ["HAIRLINE_DATA"] = tempfile.mkdtemp(prefix="hairline-tests-")
os.environ.setdefault("HAIRLINE_ENGINE", "stub")

from inspection_site.settings import *  # noqa: F403  the environment has to be set first

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# On disk, as in real use: SQLite's shared memory database has other locks. Where
# HAIRLINE_DATABASE_URL names a PostgreSQL, the tests make a database of their own there.
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):  # noqa: F405  from the site's
    DATABASES["default"]["TEST"] = {"NAME": DATA_DIR / "test.sqlite3"}  # noqa: F405  as above
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# Each test's client builds the middleware anew, and WhiteNoise would then list every static file.
WHITENOISE_AUTOREFRESH = True
