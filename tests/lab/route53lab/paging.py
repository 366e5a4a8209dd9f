# SPDX-License-Identifier: Apache-2.0
"""What the lists share: how many were asked for, `/hostedzone/Z1` and `Z1`."""

import re

from .errors import invalid_input


def bare_id(text):
    """`/hostedzone/Z1` and `Z1` are the same zone."""
    return text.rpartition("/")[2]


def max_items(params, largest):
    """What was asked for and what may be returned; more than the maximum is the maximum."""
    text = params.get("MaxItems", str(largest))
    if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) < 1:
        raise invalid_input(f"1 validation error detected: Value '{text}' at 'maxItems' failed "
                            "to satisfy constraint: Member must be a positive number")
    return min(int(text), largest)
