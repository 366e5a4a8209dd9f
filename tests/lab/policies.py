# SPDX-License-Identifier: Apache-2.0
"""config/iam/, as files of --iam: who bears which policy. For the tests that enforce them."""

import copy
import json
from pathlib import Path

from labctl import ACCESS_KEY, SECRET_KEY

FOLDER = Path(__file__).resolve().parents[2] / "config" / "iam"
ZONE = "Z0123456789ABCDEFGHIJ"
US, THEM = "111122223333", "444455556666"
USER = f"arn:aws:iam::{US}:user/regionshift"
ROLE = f"arn:aws:iam::{THEM}:role/regionshift-actor"
EXTERNAL_ID = "regionshift-jwt-pizza"


def document(name):
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def actions_of(statement):
    return [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]


def every_action(*names):
    """(policy, Sid, action) of each action that the policies allow."""
    return [(name, statement["Sid"], action) for name in names
            for statement in document(name)["Statement"] if statement["Effect"] == "Allow"
            for action in actions_of(statement)]


def without(policy, sid, action):
    """A copy of the policy in which that statement does not allow that action any more."""
    out = copy.deepcopy(policy)
    for statement in out["Statement"]:
        if statement["Sid"] == sid:
            statement["Action"] = [one for one in actions_of(statement) if one != action]
    out["Statement"] = [statement for statement in out["Statement"] if statement["Action"]]
    return out


def user(*policies, arn=USER, secret=SECRET_KEY):
    return {"arn": arn, "secret": secret, "policies": [one for one in policies
                                                       if one["Statement"]]}


def directory(*policies, others=None):
    """The lab's own key bears these policies; `others`: further users by access key."""
    return {"account": US, "users": dict({ACCESS_KEY: user(*policies)}, **(others or {}))}


def across_accounts(user_policy, role_policy, trust):
    """The zone is of another account; its role has the policy, the lab's key may become it."""
    return dict(directory(user_policy), zones={ZONE: THEM},
                roles={ROLE: {"trust": trust, "policies": [role_policy]}})
