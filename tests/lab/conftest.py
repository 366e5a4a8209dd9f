# SPDX-License-Identifier: Apache-2.0
"""The lab's own tests use the fixtures that it offers to others."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from labfixtures import lab, lab_factory, session_lab, shared_lab  # noqa: E402, F401
