/* SPDX-License-Identifier: MIT */
/* The rules of the tree. */
#include "tree.h"

#include "base/banned.h"

static enum err refuse(const char **ret_param, const char *param, enum err err)
{
	*ret_param = param;
	return err;
}

static bool same(const struct db_opt_uuid *a, const struct uuid *b)
{
	return a->set && uuid_equal(&a->value, b);
}

/* Whether a question below the named message (or a new root) belongs to this branch's path. */
static bool parent_fits(const struct tree_request *r, const struct tree_facts *f,
			const struct tree_branch *branch)
{
	if (r->as_root)
		return !branch->anchor.set;
	return same(&f->named_branch, &branch->id.value) || same(&branch->anchor, &f->named.value);
}

static bool fits(const struct tree_request *r, const struct tree_facts *f,
		 const struct tree_branch *branch)
{
	if (r->again)
		return same(&f->named_branch, &branch->id.value);
	return (!r->parent_given && !r->as_root) || parent_fits(r, f, branch);
}

static enum err check_named(const struct tree_request *r, const struct tree_facts *f,
			    const char **ret_param)
{
	const char *param = r->again ? "regenerate" : "parentMessageId";
	if (!r->again && !r->parent_given)
		return OK;
	if (!f->named.set)
		return refuse(ret_param, param, ERR_NOT_FOUND);
	if (r->again && (!text_is(f->named_role, "assistant") || !f->named_parent.set))
		return refuse(ret_param, param, ERR_INVALID_REQUEST);
	if (r->again && r->parent_given && !same(&f->named_parent, &r->parent))
		return refuse(ret_param, "parentMessageId", ERR_INVALID_REQUEST);
	return OK;
}

enum err tree_place_turn(const struct tree_request *request, const struct tree_facts *facts,
			 struct tree_place *ret_place, const char **ret_param)
{
	const struct tree_branch *branch = &facts->wanted;
	if (request->again && request->as_root)
		return refuse(ret_param, "parentIsRoot", ERR_INVALID_REQUEST);
	if (request->parent_given && request->as_root)
		return refuse(ret_param, "parentIsRoot", ERR_INVALID_REQUEST);
	if (!branch->id.set)
		return refuse(ret_param, "branchId", ERR_NOT_FOUND);
	enum err err = check_named(request, facts, ret_param);
	if (err)
		return err;
	if (!fits(request, facts, branch) && !request->branch_given)
		branch = &facts->own;
	if (!branch->id.set || !fits(request, facts, branch))
		return refuse(ret_param, "branchId", ERR_INVALID_REQUEST);

	*ret_place = (struct tree_place){ .branch = branch->id.value, .leaf = branch->leaf };
	if (request->leaf_given && !same(&branch->leaf, &request->leaf))
		return ERR_LEAF_MOVED;
	if (request->again)
		ret_place->parent = facts->named_parent;
	else if (request->parent_given)
		ret_place->parent = facts->named;
	else if (!request->as_root)
		ret_place->parent = branch->leaf;
	return OK;
}

enum flush_verdict tree_judge_flush(int64_t last, int64_t seq)
{
	if (seq <= last)
		return FLUSH_REPEAT;
	return seq == last + 1 ? FLUSH_NEW : FLUSH_GAP;
}
