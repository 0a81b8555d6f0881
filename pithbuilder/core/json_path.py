"""JSON paths for error messages: ``$.events[0].signer``, the shorthand notation of RFC 9535."""

from __future__ import annotations

import json
import re
from typing import Final

ROOT: Final = "$"
_PLAIN_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


def child_path(path: str, step: str | int) -> str:
    """Return the path of one member or element below ``path``.

    Args:
        path: A JSON path; ``$`` is the whole document.
        step: A member name, or an element's index counted from 0.

    Returns:
        ``path.name`` where the name is a plain word, else ``path["name"]`` with the name as ASCII JSON;
        ``path[index]`` for an index.
    """
    if isinstance(step, int):
        return f"{path}[{step}]"
    if _PLAIN_NAME.fullmatch(step):
        return f"{path}.{step}"
    return f"{path}[{json.dumps(step)}]"
