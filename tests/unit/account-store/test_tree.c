/* SPDX-License-Identifier: MIT */
/* Where a turn goes: each rule as a case, and random trees that stay trees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base.h"
#include "tree.h"

#include "base/banned.h"

static struct uuid id(uint8_t n)
{
	return (struct uuid){ .bytes = { [0] = 1, [15] = n } };
}

static struct db_opt_uuid opt(uint8_t n)
{
	return n ? (struct db_opt_uuid){ .set = true, .value = id(n) } : (struct db_opt_uuid){ 0 };
}

/* Branch 1 is the root with leaf 12; branch 2 hangs on message 11 and has leaf 22. Messages 1x are
 * the root's, 2x branch 2's. */
static struct tree_branch branch(uint8_t n)
{
	if (n == 1)
		return (struct tree_branch){ .id = opt(1), .leaf = opt(12) };
	if (n == 2)
		return (struct tree_branch){ .id = opt(2), .anchor = opt(11), .leaf = opt(22) };
	return (struct tree_branch){ 0 };
}

static struct tree_facts facts(uint8_t wanted, uint8_t named, uint8_t parent, const char *role)
{
	return (struct tree_facts){
		.wanted = branch(wanted),
		.named = opt(named),
		.named_parent = opt(parent),
		.named_branch = opt(named / 10),
		.named_role = text_of(role),
		.own = branch(named ? named / 10 : 1),
	};
}

struct expected {
	enum err err;
	uint8_t branch, parent;
	const char *param;
};

static void check(struct tree_request request, struct tree_facts f, struct expected expected)
{
	struct tree_place place = { 0 };
	const char *param = NULL;
	assert_int_equal(tree_place_turn(&request, &f, &place, &param), expected.err);
	if (expected.param)
		assert_string_equal(param, expected.param);
	if (expected.err)
		return;
	struct uuid want_branch = id(expected.branch), want_parent = id(expected.parent);
	assert_true(uuid_equal(&place.branch, &want_branch));
	assert_int_equal(place.parent.set, expected.parent != 0);
	if (expected.parent)
		assert_true(uuid_equal(&place.parent.value, &want_parent));
}

static void without_a_parent_a_question_continues_the_leaf(void **state)
{
	(void)state;
	check((struct tree_request){ 0 }, facts(1, 0, 0, NULL),
	      (struct expected){ OK, 1, 12, NULL });
	check((struct tree_request){ .branch_given = true }, facts(2, 0, 0, NULL),
	      (struct expected){ OK, 2, 22, NULL });
}

static void a_parent_must_be_of_the_branch_or_its_anchor(void **state)
{
	(void)state;
	const struct tree_request request = { .branch_given = true, .parent_given = true };
	check(request, facts(1, 11, 10, "assistant"), (struct expected){ OK, 1, 11, NULL });
	check(request, facts(2, 21, 11, "user"), (struct expected){ OK, 2, 21, NULL });
	check(request, facts(2, 11, 10, "assistant"), (struct expected){ OK, 2, 11, NULL });
	check(request, facts(2, 12, 11, "user"),
	      (struct expected){ ERR_INVALID_REQUEST, .param = "branchId" });
	check(request, facts(1, 21, 11, "user"),
	      (struct expected){ ERR_INVALID_REQUEST, .param = "branchId" });
}

static void without_a_branch_the_parent_chooses(void **state)
{
	(void)state;
	const struct tree_request request = { .parent_given = true };
	check(request, facts(1, 21, 11, "user"), (struct expected){ OK, 2, 21, NULL });
	check(request, facts(2, 12, 11, "user"), (struct expected){ OK, 1, 12, NULL });
	/* The anchor of the active branch: a new start in it. */
	check(request, facts(2, 11, 10, "assistant"), (struct expected){ OK, 2, 11, NULL });
}

static void a_new_root_belongs_to_the_root_branch(void **state)
{
	(void)state;
	check((struct tree_request){ .as_root = true }, facts(1, 0, 0, NULL),
	      (struct expected){ OK, 1, 0, NULL });
	check((struct tree_request){ .as_root = true }, facts(2, 0, 0, NULL),
	      (struct expected){ OK, 1, 0, NULL });
	check((struct tree_request){ .as_root = true, .branch_given = true }, facts(2, 0, 0, NULL),
	      (struct expected){ ERR_INVALID_REQUEST, .param = "branchId" });
}

static void another_answer_stands_beside_the_first_in_its_branch(void **state)
{
	(void)state;
	const struct tree_request request = { .again = true };
	check(request, facts(1, 12, 11, "assistant"), (struct expected){ OK, 1, 11, NULL });
	check(request, facts(2, 12, 11, "assistant"), (struct expected){ OK, 1, 11, NULL });
	check((struct tree_request){ .again = true, .branch_given = true },
	      facts(2, 12, 11, "assistant"),
	      (struct expected){ ERR_INVALID_REQUEST, .param = "branchId" });
	check(request, facts(1, 11, 10, "user"),
	      (struct expected){ ERR_INVALID_REQUEST, .param = "regenerate" });
	check(request, facts(1, 11, 0, "assistant"),
	      (struct expected){ ERR_INVALID_REQUEST, .param = "regenerate" });
	check((struct tree_request){ .again = true, .parent_given = true, .parent = id(11) },
	      facts(1, 12, 11, "assistant"), (struct expected){ OK, 1, 11, NULL });
	check((struct tree_request){ .again = true, .parent_given = true, .parent = id(10) },
	      facts(1, 12, 11, "assistant"),
	      (struct expected){ ERR_INVALID_REQUEST, .param = "parentMessageId" });
}

static void what_is_not_in_the_conversation_is_not_found(void **state)
{
	(void)state;
	check((struct tree_request){ .branch_given = true }, facts(0, 0, 0, NULL),
	      (struct expected){ ERR_NOT_FOUND, .param = "branchId" });
	check((struct tree_request){ .parent_given = true }, facts(1, 0, 0, NULL),
	      (struct expected){ ERR_NOT_FOUND, .param = "parentMessageId" });
	check((struct tree_request){ .again = true }, facts(1, 0, 0, NULL),
	      (struct expected){ ERR_NOT_FOUND, .param = "regenerate" });
	check((struct tree_request){ .parent_given = true, .as_root = true },
	      facts(1, 11, 10, "user"),
	      (struct expected){ ERR_INVALID_REQUEST, .param = "parentIsRoot" });
}

static void the_leaf_must_be_the_expected_one(void **state)
{
	(void)state;
	struct tree_request request = { .leaf_given = true, .leaf = id(12) };
	struct tree_facts f = facts(1, 0, 0, NULL);
	struct tree_place place = { 0 };
	const char *param = NULL;
	check(request, f, (struct expected){ OK, 1, 12, NULL });
	request.leaf = id(11);
	assert_int_equal(tree_place_turn(&request, &f, &place, &param), ERR_LEAF_MOVED);
	struct uuid leaf = id(12);
	assert_true(place.leaf.set && uuid_equal(&place.leaf.value, &leaf));
	f.wanted.leaf = opt(0);
	assert_int_equal(tree_place_turn(&request, &f, &place, &param), ERR_LEAF_MOVED);
	assert_false(place.leaf.set);
}

static void flush_numbers_are_taken_once_and_in_order(void **state)
{
	(void)state;
	assert_int_equal(tree_judge_flush(0, 1), FLUSH_NEW);
	assert_int_equal(tree_judge_flush(4, 5), FLUSH_NEW);
	assert_int_equal(tree_judge_flush(4, 4), FLUSH_REPEAT);
	assert_int_equal(tree_judge_flush(4, 1), FLUSH_REPEAT);
	assert_int_equal(tree_judge_flush(4, 6), FLUSH_GAP);
}

/* --- random trees
 * --------------------------------------------------------------------------------------------------
 */

#define NODES 120
#define BRANCHES 8

/* Node and branch 0 mean none. */
struct model {
	uint8_t parent[NODES], of_branch[NODES], role[NODES];
	uint8_t anchor[BRANCHES], leaf[BRANCHES];
	uint8_t nodes, branches;
	uint32_t random;
};

static uint8_t pick(struct model *m, uint8_t limit)
{
	m->random = m->random * 1664525 + 1013904223;
	return (uint8_t)((m->random >> 16) % limit);
}

static struct db_opt_uuid node_id(uint8_t n)
{
	return n ? (struct db_opt_uuid){ true, { .bytes = { 2, n } } } : (struct db_opt_uuid){ 0 };
}

static struct tree_branch model_branch(const struct model *m, uint8_t b)
{
	return (struct tree_branch){ { true, { .bytes = { 3, b } } },
				     node_id(m->anchor[b]),
				     node_id(m->leaf[b]) };
}

static uint8_t add(struct model *m, uint8_t b, uint8_t parent, bool answer)
{
	uint8_t n = m->nodes++;
	m->parent[n] = parent;
	m->of_branch[n] = b;
	m->role[n] = answer;
	m->leaf[b] = n;
	return n;
}

static void try_turn(struct model *m)
{
	uint8_t wanted = (uint8_t)(1 + pick(m, (uint8_t)(m->branches - 1)));
	uint8_t named = m->nodes > 1 ? pick(m, m->nodes) : 0;
	struct tree_request request = { .branch_given = pick(m, 2), .as_root = !pick(m, 6) };
	request.again = named && !request.as_root && !pick(m, 3);
	request.parent_given = named && !request.again && !request.as_root;
	struct tree_facts f = { .wanted = model_branch(m, wanted), .own = model_branch(m, 1) };
	if (named) {
		f.named = node_id(named);
		f.named_parent = node_id(m->parent[named]);
		f.named_branch = model_branch(m, m->of_branch[named]).id;
		f.named_role = text_of(m->role[named] ? "assistant" : "user");
		f.own = model_branch(m, m->of_branch[named]);
	}
	struct tree_place place;
	const char *param;
	if (tree_place_turn(&request, &f, &place, &param))
		return;
	uint8_t b = place.branch.bytes[1],
		parent = place.parent.set ? place.parent.value.bytes[1] : 0;
	if (!request.again)
		parent = add(m, b, parent, false);
	add(m, b, parent, true);
}

static void check_branch(const struct model *m, uint8_t b)
{
	bool anchor_met = !m->anchor[b];
	for (uint8_t n = m->leaf[b], steps = 0; n; n = m->parent[n]) {
		assert_true(steps++ < NODES);
		if (n == m->anchor[b])
			anchor_met = true;
		/* Before the anchor a path holds messages of its own branch and nothing else. */
		if (!anchor_met || !m->anchor[b])
			assert_int_equal(m->of_branch[n], b);
	}
	assert_true(anchor_met);
}

static void random_trees_keep_every_branch_below_its_anchor_and_to_itself(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= 300; seed++) {
		struct model m = { .nodes = 1, .branches = 2, .random = seed };
		while (m.nodes < NODES - 2) {
			if (m.nodes > 4 && m.branches < BRANCHES && !pick(&m, 12)) {
				uint8_t anchor = (uint8_t)(1 + pick(&m, (uint8_t)(m.nodes - 1)));
				m.anchor[m.branches] = m.leaf[m.branches] = anchor;
				m.branches++;
			}
			try_turn(&m);
			for (uint8_t b = 1; b < m.branches; b++)
				check_branch(&m, b);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_parent_a_question_continues_the_leaf),
		cmocka_unit_test(a_parent_must_be_of_the_branch_or_its_anchor),
		cmocka_unit_test(without_a_branch_the_parent_chooses),
		cmocka_unit_test(a_new_root_belongs_to_the_root_branch),
		cmocka_unit_test(another_answer_stands_beside_the_first_in_its_branch),
		cmocka_unit_test(what_is_not_in_the_conversation_is_not_found),
		cmocka_unit_test(the_leaf_must_be_the_expected_one),
		cmocka_unit_test(flush_numbers_are_taken_once_and_in_order),
		cmocka_unit_test(random_trees_keep_every_branch_below_its_anchor_and_to_itself),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
