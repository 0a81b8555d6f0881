"""What every test may rely on, wherever the suite was started."""

from __future__ import annotations

import signal

# A suite started in the background has interrupts ignored, and under nohup the end of the terminal, too; so would have
# every program that it starts. The tests that press Ctrl-C, or close the terminal, need programs that notice.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
