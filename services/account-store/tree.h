/* SPDX-License-Identifier: MIT */
/*
 * The rules of the tree: where a turn goes, which leaf it must meet, what a flush or a finish means for a run. Pure: facts in, decision out.
 *
 * Rules. A message belongs to the branch it was written in. A branch's path is its anchor's chain and then messages of its own, so a new
 * message goes below the branch's anchor, or below a message of that branch (for the root branch: anywhere in it, or as a new root). A
 * regenerated answer belongs to the branch of the answer it stands beside. Whoever names no branch gets the active one if the place
 * fits it, else the named message's own.
 */
#pragma once

#include "base/base.h"
#include "db/db.h"

struct tree_branch {
	struct db_opt_uuid id, anchor, leaf;
};

/* What the database knows (sql/turn_place.sql). */
struct tree_facts {
	struct tree_branch wanted;	/* the branch asked for, else the active one */
	struct db_opt_uuid named, named_parent, named_branch;
	struct text named_role;
	struct tree_branch own;		/* branch of the named message; the root branch when none is named */
};

/* What the caller asked for. */
struct tree_request {
	bool branch_given, parent_given, as_root, again, leaf_given;
	struct uuid branch, parent, leaf;
};

struct tree_place {
	struct uuid branch;
	struct db_opt_uuid leaf;	/* as seen: the write must still meet it */
	struct db_opt_uuid parent;	/* of the new question; with `again`: the question itself */
};

/*
 * ERR_NOT_FOUND: branch or message is not in the conversation. ERR_INVALID_REQUEST: the place does not fit. Both name `ret_param`.
 * ERR_LEAF_MOVED: ret_place->leaf says where the leaf is.
 */
MUST_CHECK enum err tree_place_turn(const struct tree_request *request, const struct tree_facts *facts,
				    struct tree_place *ret_place, const char **ret_param);

enum flush_verdict { FLUSH_NEW, FLUSH_REPEAT, FLUSH_GAP };
/* `last`: the highest number accepted so far; numbers begin with 1. */
enum flush_verdict tree_judge_flush(int64_t last, int64_t seq);
