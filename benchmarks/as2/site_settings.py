"""The Django project that serves django-pyas2 under measurement: settings, URLs and nothing else.

Fair to it: no debugging, no middleware, no sessions, a connection to PostgreSQL that is kept open.
"""

from __future__ import annotations

import os
from pathlib import Path

HOME = Path(os.environ["AS2_HOME"])
SECRET_KEY = "only-for-the-benchmark"
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "pyas2"]
MIDDLEWARE: list[str] = []
ROOT_URLCONF = "site_urls"
TEMPLATES: list[dict[str, object]] = []
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": os.environ["AS2_DATABASE"],
        "HOST": os.environ["AS2_SOCKET"],
        "PORT": os.environ["AS2_PORT"],
        "USER": "gateway",
        "CONN_MAX_AGE": None,
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
MEDIA_ROOT = str(HOME)
DATA_UPLOAD_MAX_MEMORY_SIZE = None
USE_TZ = True
LOGGING = {"version": 1, "disable_existing_loggers": True, "root": {"level": "CRITICAL"}}
