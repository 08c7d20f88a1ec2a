/* SPDX-License-Identifier: Apache-2.0 */
/* problems: for the files that look for what is not as it should be. */
#ifndef CONTROLLER_PROBLEMS_H
#define CONTROLLER_PROBLEMS_H

#include <stdio.h>

#include "controller/show.h"

enum severity { ERROR, WARNING, INFO, N_SEVERITIES };
enum { MAX_OF_KIND = 50 };              /* problems of one kind that are told one by one */

struct problems;
/* Names that are null are not known. */
struct about { const char *sw, *network, *hint; };

const struct api_world *problems_world(const struct problems *);
void problems_add(struct problems *, enum severity, const char *kind, struct about, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
/* n of a kind were found: says how many were not told. */
void problems_more(struct problems *, enum severity, const char *kind, size_t n);

/* problem_kinds.c: every kind there is, and what it says: a page of the manual. */
void problems_print_kinds(FILE *);

/* show_problems_switch.c: connections, rows, ports. */
void problems_of_switches(struct problems *);

/* show_problems_net.c: cables and ports to the LAN; addresses and MTUs; what is only tried out. */
void problems_of_links(struct problems *);
void problems_of_networks(struct problems *);
void problems_of_audits(struct problems *);

/* show_guard.c: what ports sent that they may not, and those that are shut. */
void problems_of_guards(struct problems *);

#endif
