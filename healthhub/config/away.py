"""What is answered when something of ours failed: 503 with Retry-After while the database is away, 500 for anything else.

Nothing was committed then, and sending again is safe: a device must wait and try again, and never take it for a refusal.
"""

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext
from django.views.defaults import server_error

RETRY_AFTER = "3"  # seconds
# Lost connections, a full pool, a server that goes down or starts, a deadlock: all of them pass. Broken SQL does not.
PASSES = (OperationalError, InterfaceError)


def failed(request: HttpRequest) -> HttpResponse:
    """This function will answer for an exception that nobody caught; Django calls it while handling that exception."""
    passes = isinstance(sys.exc_info()[1], PASSES)
    answer: HttpResponse
    if not request.path.startswith("/api/"):
        answer = server_error(request, template_name="503.html" if passes else "500.html")
    elif passes:
        answer = JsonResponse({"code": "try_again", "sentence": gettext("The service cannot answer just now. Try again in a moment.")})
    else:
        answer = JsonResponse({"code": "our_fault", "sentence": gettext("Something went wrong on our side. It was noted.")})
    answer.status_code = 503 if passes else 500
    if passes:
        answer["Retry-After"] = RETRY_AFTER
    return answer
