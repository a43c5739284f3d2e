"""What can be said about a picture or a recording from its pixels or samples alone.

``image.analyze_image(path, report, limits)`` gives an ``ImageResult``, and
``audio.analyze_audio(path, report, limits)`` an ``AudioResult``; both raise ``AnalysisError``. The
same bytes give the same result on every run. They decode what strangers uploaded, so they belong
into a worker process with limits on memory and time, never into the server. What the server may
import are ``results``, ``limits`` and ``errors``: they bring no decoder along.

Every value, its unit, its range and its source: ``docs/analysis.md``.
"""

from __future__ import annotations

import os

# One task, one core: the products are small, and threads that wait for them in a loop cost four
# times their work. Before numpy is imported, since it is read then.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
