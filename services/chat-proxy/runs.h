/* SPDX-License-Identifier: MIT */
/* The registry of runs of this chat-proxy: found by id and owner, counted by owner, freed when they
 * have lingered. */
#pragma once

#include "base/uuid.h"

struct run;
struct runs;
struct runs *runs_new(void);
void runs_free(struct runs *r);
void runs_add(struct runs *r, struct run *run);
void runs_remove(struct runs *r, struct run *run);
/* NULL when there is none, or it is somebody else's. */
struct run *runs_find(struct runs *r, const struct uuid *id, const struct uuid *user);
size_t runs_user_bytes(const struct runs *r, const struct uuid *user);
size_t runs_live(const struct runs *r); /* not over yet, or not in the request log yet */
void runs_each(struct runs *r, void (*visit)(struct run *run));
