/* SPDX-License-Identifier: MIT */
/* What the files of flow/ share with each other and with nobody else. */
#pragma once

#include "flow/flow.h"

/* route.c: finds the route of an exchange and its parameters. NULL with ERR_NOT_FOUND, or ERR_METHOD_NOT_ALLOWED and the methods that would do. */
const struct route *route_find(const struct route *routes, const struct http_exchange *ex, struct text params[ROUTE_MAX_PARAMS],
			       enum err *ret_err, unsigned *ret_allowed);

/* request.c */
void request_resume(struct request *req);		/* the wait is over: runs the next steps */
void request_fail_now(struct request *req, enum err err);	/* the wait ended badly */

/* run_*.c: let go of what a request waits for, without any callback afterwards. run_work's answer is false when a thread still holds the op. */
void run_db_drop(struct request *req);
void run_peer_drop(struct request *req);
bool run_work_drop(struct request *req);
