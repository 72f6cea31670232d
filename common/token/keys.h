/* SPDX-License-Identifier: MIT */
/* Inside token: the pair keys a daemon holds, by the daemon at the other end. */
#pragma once

#include "token/envelope.h"

struct envelope_keys {
	enum daemon_id self;
	struct secret to[DAEMON_COUNT]; /* self is the caller */
	struct secret from[DAEMON_COUNT]; /* self is the callee */
};
