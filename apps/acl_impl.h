/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of acl around the lists: shared by acl.c (which lists stand where),
 * acl_rows.c, acl_track.c (connection tracking), acl_snat.c (translation) and acl_groups.c
 * (classes). */
#ifndef APPS_ACL_IMPL_H
#define APPS_ACL_IMPL_H

#include "apps/acl.h"

/* The same kinds of rows in every table that judges. */
enum stage_row {
	STAGE_CUT, STAGE_REPLY, STAGE_RELATED, STAGE_KEPT, STAGE_NEED_RULE, STAGE_NEED, STAGE_RULE, STAGE_NO_LIST,
	STAGE_END, STAGE_MISS, N_STAGE_ROWS
};

enum row {
	ROW_ARP = 6 * N_STAGE_ROWS, ROW_ND, ROW_DHCP, ROW_TRACK, ROW_UNTRACKED,
	ROW_FROM, ROW_NO_FROM, ROW_TO, ROW_NO_TO,
	ROW_AT, ROW_AT_NOTHING,
	ROW_GROUP_FRAME, ROW_UNCUT, ROW_COMMIT, ROW_NO_COMMIT,
	ROW_MARK_CUT, ROW_DENIED,
	ROW_BACK, ROW_STRAY, ROW_BACK_CUT, ROW_CLIENT, ROW_NO_CLIENT,
	ROW_TRANSLATED_UNCUT, ROW_TRANSLATED, ROW_FORGOTTEN, ROW_TRANSLATE, ROW_UNFIT,
	ROW_SENT, ROW_OLDER, ROW_NO_SOURCE,
	ROW_COPY_DENIED,
	N_ROWS
};
extern const struct app_row acl_rows[N_ROWS];

enum { AT_PORT, AT_NETWORK, AT_SWITCH, N_PLACES };

/* One switch being compiled. */
struct compiling {
	const struct scene *scene;
	struct out *out;
	const struct view_switch *vs;
	bool *used[N_DIRECTIONS][N_PLACES];     /* lists that stand there, by index */
};

static inline uint64_t object_of(const struct compiling *c, uint32_t object)
{
	return c->scene->net->objects[object].id;
}
/* Begins a row of that kind; ends it with the table that follows. */
static inline void begin(const struct compiling *c, enum row row, uint64_t object)
{
	out_row(c->out, &acl_rows[row], object);
}
static inline void go(const struct compiling *c, enum table next)
{
	act_goto(c->out->build, next);
	out_want(c->out, c->vs->sw);
}

/* acl_track.c: ARP, ND and DHCP are marked; a network's rows that track. */
void acl_need_rows(const struct compiling *);
void acl_track_rows(const struct compiling *, const struct net_network *);

/* acl_snat.c: a network's rows that translate, and those around them, once per switch. */
void acl_snat_rows(const struct compiling *, const struct net_network *);
void acl_snat_fixed_rows(const struct compiling *);

/* acl_groups.c: addresses of groups that the lists on this switch ask for. */
void acl_group_rows(const struct compiling *, enum acl_side);

#endif
