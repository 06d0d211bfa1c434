"""The WSGI entry point."""

from __future__ import annotations

import gc
import os

from django.core.wsgi import get_wsgi_application

from config.chunked import with_length
from config.database.plans import keep_plans
from config.database.waits import limit_waits
from config.keys import check_secret_key
from config.metrics import requests
from config.prefix import without_prefix

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

_site = get_wsgi_application()
application = without_prefix(with_length(_site))
check_secret_key()
requests.prepare()
keep_plans()
limit_waits()
# What is loaded stays: the collector need not look at it with every request, and the
# processes that are forked from here share its pages.
gc.collect()
gc.freeze()
# A call makes some thousands of objects and leaves next to none of them in circles.
gc.set_threshold(20_000, 20, 20)
