# SPDX-License-Identifier: MIT
"""PostgreSQL refuses to run as root, so what must not be root runs as somebody else."""

import os
import pwd


def unprivileged():
    """The words to put before a command, and the passwd entry of who then runs it."""
    if os.geteuid() != 0:
        return [], pwd.getpwuid(os.geteuid())
    user = pwd.getpwnam("nobody")
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"], user
