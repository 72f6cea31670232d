/* SPDX-License-Identifier: MIT */
/* What the run routes share. */
#pragma once

#include "flow/flow.h"

struct run;
struct run *find_run(struct request *req); /* the person's run named in the path; NULL = 404 */
enum flow reply_run(struct request *req, const struct run *run);
