/* SPDX-License-Identifier: Apache-2.0 */
/* A host with programs of Open vSwitch that say what a test wants: scripts in a folder that
 * is first in PATH. Its database is what `ovs-vsctl list` prints: one bridge that is all
 * well, which a test spoils by changing a word. */
#ifndef TESTS_FAKE_OVS_H
#define TESTS_FAKE_OVS_H

#include <stddef.h>

/* The folder; pki/ below it has an authority, weftd's certificate and those of kvm1, kvm2. */
extern char fake_dir[64];

int fake_ovs_up(void **state);
int fake_ovs_down(void **state);

/* All well again: br-int is kvm1 with a controller at that target. */
void fake_ovs_reset(const char *target);
/* Puts `to` in place of `from` in the database; fails the test when it is not there. */
void fake_ovs_change(const char *from, const char *to);
/* A file of the folder: "db", "flows", "neigh", "route", "rules", "nconns", "maxconns", "limits", "status", "said". */
void fake_ovs_write(const char *name, const char *text);
char *fake_ovs_read(const char *name);  /* "" when there is none; to be freed */
/* "NAME" in the folder; a buffer of its own for the last few. */
const char *fake_path(const char *name);

/* `weft WORDS` in a process of its own; @ is the folder. Its exit code; fake_out, fake_err. */
extern char fake_out[65536], fake_err[65536];
int fake_weft(const char *words);

#define FAKE_HAS(TEXT, PART) do { \
	if (!strstr(TEXT, PART)) \
		fail_msg("\"%s\" is not in:\n%s", PART, TEXT); \
} while (0)

#endif
