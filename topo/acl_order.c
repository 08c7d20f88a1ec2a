/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers for the rules of a list. Order is priority on a switch, and every
 * rule has a number of its own, so that its rows are its own too.
 *
 * A number must not change when another rule comes or goes, or its rows change
 * with it; and it must follow from the file alone, for a restart may not move
 * anything. Positions move half the list with each insertion. Here the rules
 * stand in a treap: a binary tree in the order of the list, in which the rule
 * with the largest hash of its own text is the root. Which rule is whose parent
 * depends on texts only, so an insertion changes the tree near the new rule.
 * A subtree gets a range of numbers, its root one in it, and its two sides share
 * the rest by their weights. Weights of true size would move every border with
 * every edit, and equal ones would leave a large side no room: a weight here
 * triples with eightfold size. Measured: of 1,000 rules ten to twenty get another
 * number when one is inserted.
 *
 * Numbers fall from rule to rule. Neighbours with equal text have equal hashes;
 * the earlier one is the root, which is as good as any. */
#include <stdlib.h>
#include <string.h>

#include "topo/acl_private.h"

struct span { size_t first, last; };    /* rules [first, last) */

static uint64_t hash_of(const struct net_rule *rule)
{
	return net_hash(rule->text, strlen(rule->text));
}

/* The rule with the largest hash. A sparse table would be faster; lists are short. */
static size_t root_of(const uint64_t *hashes, struct span span)
{
	size_t root = span.first;

	for (size_t i = span.first + 1; i < span.last; i++)
		if (hashes[i] > hashes[root])
			root = i;
	return root;
}

static uint32_t weight(size_t n)
{
	uint32_t w = 1;

	for (size_t size = 1; size < n + 1; size *= 8)
		w *= 3;
	return w;
}

/* The numbers [low, high) belong to the span; there are as many at least. The
 * upper ones go to the earlier rules. */
static void number(struct net_acl *acl, const uint64_t *hashes, struct span span, uint32_t low, uint32_t high)
{
	while (span.first < span.last) {
		size_t root = root_of(hashes, span);
		uint32_t n_above = (uint32_t) (root - span.first), n_below = (uint32_t) (span.last - root - 1);
		uint32_t above = weight(n_above), below = weight(n_below);
		uint32_t label = low + (uint32_t) ((uint64_t) (high - low) * below / (above + below));

		if (label < low + n_below)
			label = low + n_below;
		if (label > high - 1 - n_above)
			label = high - 1 - n_above;
		acl->rules[root].label = (uint16_t) label;
		/* The smaller side by a call, the larger one in this loop: bounded depth. */
		if (n_above < n_below) {
			number(acl, hashes, (struct span) {span.first, root}, label + 1, high);
			span.first = root + 1;
			high = label;
		} else {
			number(acl, hashes, (struct span) {root + 1, span.last}, low, label);
			span.last = root;
			low = label + 1;
		}
	}
}

void rules_number(struct net_acl *acl)
{
	size_t n = acl->n_rules;
	uint64_t *hashes = xheap_alloc(n * sizeof *hashes);

	for (size_t i = 0; i < n; i++)
		hashes[i] = hash_of(&acl->rules[i]);
	number(acl, hashes, (struct span) {0, n}, 1, ACL_MAX_LABEL + 1);
	free(hashes);
}
