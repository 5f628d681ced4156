"""How an unexpected error is logged: its class and place, never its message.

Messages of libraries quote values (DynamoDB's serializer and botocore's validation do), and a value may be a token or
a buyer's e-mail address.
"""

import traceback
from pathlib import Path
from typing import Any


def described(error: BaseException) -> dict[str, Any]:
    """Class of an error, AWS's code if it has one, and the innermost frames as ``file:line function``."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    answer = getattr(error, "response", None)
    code = answer.get("Error", {}).get("Code") if isinstance(answer, dict) else None
    return {
        "error": type(error).__name__,
        "awsCode": code,
        "where": [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames],
    }
