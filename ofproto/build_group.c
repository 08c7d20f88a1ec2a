/* SPDX-License-Identifier: Apache-2.0 */
/* build_group: groups and meters, held to what Open vSwitch accepts. */
#include "ofproto/build.h"

#include "ofproto/build_impl.h"
#include "ofproto/mem.h"

static const uint8_t group_types[] = {
	[GROUP_ALL] = OFPGT11_ALL,
	[GROUP_SELECT] = OFPGT11_SELECT,
	[GROUP_INDIRECT] = OFPGT11_INDIRECT,
	[GROUP_FF] = OFPGT11_FF,
};

void build_group(struct build *b, uint32_t group_id, enum group_type type)
{
	build_reset(b, BUILD_GROUP);
	b->id = group_id;
	b->group_type = type;
	if (group_id > OFPG_MAX)
		build_breach(b, "group ids end at 0x%x", (unsigned) OFPG_MAX);
}

/* The actions collected so far belong to the bucket that is open. */
static void bucket_close(struct build *b)
{
	struct ofputil_bucket *bucket;

	if (!b->n_buckets)
		return;
	bucket = ofputil_bucket_list_back(&b->buckets);
	bucket->ofpacts_len = b->ofpacts.size;
	bucket->ofpacts = mem_alloc(b->ofpacts.size);
	memcpy(bucket->ofpacts, b->ofpacts.data, b->ofpacts.size);
	ofpbuf_clear(&b->ofpacts);
	b->n_pops = 0;
	b->went = false;
	b->stage = STAGE_POP;
}

static void bucket_open(struct build *b, uint16_t weight, ofp_port_t watch_port, uint32_t watch_group)
{
	struct ofputil_bucket *bucket;

	bucket_close(b);
	bucket = mem_zalloc(sizeof(*bucket));
	bucket->weight = weight;
	bucket->watch_port = watch_port;
	bucket->watch_group = watch_group;
	bucket->bucket_id = (uint32_t) b->n_buckets++;
	ovs_list_push_back(&b->buckets, &bucket->list_node);
}

void build_bucket(struct build *b, uint16_t weight, uint32_t watch_port)
{
	if (b->state != BUILD_GROUP) {
		build_breach(b, "a bucket belongs to a group");
		return;
	}
	switch (b->group_type) {
	case GROUP_ALL:
	case GROUP_INDIRECT:
		if (watch_port)
			build_breach(b, "buckets of this type watch no port");
		break;
	case GROUP_SELECT:
		if (!weight)
			build_breach(b, "a bucket of weight 0 is never selected");
		break;
	case GROUP_FF:
		if (!watch_port)
			build_breach(b, "a fail-over bucket without a port to watch is never alive");
		break;
	}
	bucket_open(b, weight, watch_port ? build_port(b, watch_port) : OFPP_ANY, OFPG_ANY);
}

void build_bucket_watching(struct build *b, uint32_t watch_group)
{
	if (b->state != BUILD_GROUP || b->group_type != GROUP_FF || watch_group > OFPG_MAX || watch_group == b->id) {
		build_breach(b, "a bucket of a fail-over group may watch another group");
		return;
	}
	bucket_open(b, 0, OFPP_ANY, watch_group);
}

const char *build_group_end(struct build *b, struct rule *ret_rule)
{
	const char *error;

	bucket_close(b);
	if (b->group_type == GROUP_INDIRECT && b->n_buckets != 1)
		build_breach(b, "an indirect group has one bucket, not %zu", b->n_buckets);
	if (!b->error[0]) {
		error = canon_group(&b->msg, group_types[b->group_type], b->id, &b->buckets);
		if (error)
			build_breach(b, "%s", error);
	}
	if (b->error[0])
		return b->error;
	canon_rule(&b->msg, RULE_GROUP, ret_rule);
	return NULL;
}

void build_meter(struct build *b, uint32_t meter_id, bool packets, uint32_t rate, uint32_t burst)
{
	build_reset(b, BUILD_METER);
	b->id = meter_id;
	b->band = (struct ofputil_meter_band){.type = OFPMBT13_DROP, .rate = rate, .burst_size = burst};
	b->meter = (struct ofputil_meter_config){
		.meter_id = meter_id,
		.flags = (uint16_t) ((packets ? OFPMF13_PKTPS : OFPMF13_KBPS) | (burst ? OFPMF13_BURST : 0)),
		.n_bands = 1,
		.bands = &b->band,
	};
	if (!meter_id || meter_id > OFPM13_MAX)
		build_breach(b, "no meter id");
	if (!rate)
		build_breach(b, "a rate of 0 lets nothing pass");
}

const char *build_meter_end(struct build *b, struct rule *ret_rule)
{
	const char *error = canon_meter(&b->msg, &b->meter);

	if (error) {
		build_breach(b, "%s", error);
		return b->error;
	}
	canon_rule(&b->msg, RULE_METER, ret_rule);
	return NULL;
}
