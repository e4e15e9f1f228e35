"""What the scripts in this folder share: a script runs the flows it is told of, and fails loudly."""

import functools
import json
import os
import sys
import traceback
import uuid

from keystoneauth1 import session
from keystoneauth1.identity import v3


def password_auth(username, password, project):
    return v3.Password(
        auth_url=os.environ["OS_AUTH_URL"],
        username=username,
        password=password,
        project_name=project,
        user_domain_id="default",
        project_domain_id="default",
    )


@functools.cache
def keystone_session(prefix="OS"):
    """As OS_USERNAME, or as another user of the environment: FOREIGN_USERNAME. One login for a process."""
    names = ("USERNAME", "PASSWORD", "PROJECT_NAME")
    return session.Session(auth=password_auth(*(os.environ[f"{prefix}_{name}"] for name in names)))


def unique(name):
    return f"{name}-{uuid.uuid4()}"


def equal(actual, expected):
    if actual != expected:
        raise AssertionError(f"expected {expected!r}, got {actual!r}")


def raised(kind, call, *arguments, **named):
    """The exception the call must raise: of exactly this class, as callers catch it by class."""
    try:
        result = call(*arguments, **named)
    except kind as error:
        equal(type(error), kind)
        return error
    raise AssertionError(f"no {kind.__name__}; got {result!r}")


def run(flows):
    """Runs each flow that a line of the input names. Answers with a line: `null`, or the text of what went wrong."""
    # What a library prints must not pass for an answer.
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        print(json.dumps(failure(flows, line.strip())), file=answers, flush=True)


def failure(flows, name):
    try:
        flows[name]()
    except Exception:
        return traceback.format_exc()
    return None
