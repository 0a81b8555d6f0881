"""``python -m pithbuilder``."""

import sys

from pithbuilder.cli.main import run

sys.exit(run())
