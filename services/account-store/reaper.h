/* SPDX-License-Identifier: MIT */
/*
 * Marks answers whose writer vanished (chat-proxy killed, machine gone) as interrupted, every `interval_ms`, when nothing was heard of them for
 * `abandoned_ms`. Flushed text stays. Several copies may run at once. A writer that comes back after all goes on.
 */
#pragma once

#include "db/db.h"
#include "loop/loop.h"

struct reaper;
struct reaper *reaper_new(struct loop *loop, struct db *db, int64_t interval_ms, int64_t abandoned_ms);
void reaper_free(struct reaper *reaper);
