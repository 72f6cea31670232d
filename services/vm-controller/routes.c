/* SPDX-License-Identifier: MIT */
#include "app.h"

#include "base/banned.h"

#define REFUSED(method_, path_)                                                               \
	{                                                                                     \
		.method = HTTP_##method_, .path = (path_), .callers = CALLER(DAEMON_GATEWAY), \
		.needs_user = true, .raw_body = true, .steps = refuse_flow                    \
	}

const struct route vm_controller_routes[] = {
	REFUSED(GET, "/v1/vms"),
	REFUSED(POST, "/v1/vms"),
	REFUSED(GET, "/v1/vms/:id"),
	REFUSED(POST, "/v1/vms/:id/start"),
	REFUSED(POST, "/v1/vms/:id/stop"),
	REFUSED(POST, "/v1/vms/:id/pause"),
	REFUSED(POST, "/v1/vms/:id/resume"),
	REFUSED(DELETE, "/v1/vms/:id"),
	REFUSED(POST, "/v1/auth/session"),
	REFUSED(GET, "/v1/auth/session/:id"),
	REFUSED(POST, "/v1/auth/session/:id/credentials"),
	REFUSED(DELETE, "/v1/auth/session/:id"),
	REFUSED(GET, "/v1/auth/session/:id/novnc"),
	{ 0 },
};
