/* SPDX-License-Identifier: Apache-2.0 */
/* storm: limits of what a port may send to everybody, and in all. For ingress, on whose way they
 * stand, for status, and shared by the files of this app. */
#ifndef APPS_STORM_H
#define APPS_STORM_H

#include "apps/app.h"

/* Where frames of the use go that would go to `next`: there, or past the limits first. */
enum table storm_before(const struct view_use *, enum table next);

/* One limit of one port in one network, and its meter. */
struct storm_meter {
	uint32_t ofport;
	const struct view_use *use;
	enum net_storm_kind kind;
	uint32_t id;                    /* 0 = the switch has no meter left for it: not limited */
	uint64_t slot;                  /* private */
};

/* All limits of a switch in the order of its ports, networks and kinds; heap. Ids are a
 * hash of names, so that a new port renumbers none, but for one in thousands that falls on
 * the same. by_id: the same, sorted by id; may be null. */
struct storm_meter *storm_meters(const struct view_switch *, size_t *ret_n,
				 const struct storm_meter ***ret_by_id);
/* Limits that the switch has no meters for: rates, or all others. */
size_t storm_n_without(const struct scene *, uint32_t sw, bool rates);

/* What may come in one go at that rate, in kbit. */
uint32_t storm_burst(uint32_t kbps);

#endif
