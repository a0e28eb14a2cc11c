"""HTTP in production: served by granian, which carries several times what Django carries under ASGI."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "healthhub.config.settings")
pages = get_wsgi_application()  # sets Django up: what follows reads its settings

from healthhub.config.lanes import Lanes  # noqa: E402

application = Lanes()

# What is loaded by now stays for good: the collector need not walk through it again, nor at every few hundred readings of a batch.
gc.collect()
gc.freeze()
gc.set_threshold(50_000, 20, 100)
