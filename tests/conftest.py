"""What every test may rely on, wherever the suite was started."""

from __future__ import annotations

import signal

# A suite started in the background has interrupts ignored, and so would have every program that it starts; the
# tests that press Ctrl-C need programs that notice.
signal.signal(signal.SIGINT, signal.default_int_handler)
