/* SPDX-License-Identifier: Apache-2.0 */
/* pki_dial: goes to a controller as a switch would, as far as its HELLO. For doctor: the
 * step at which it ends is the diagnosis. Blocks for as long as the patience lasts. */
#ifndef CONTROLLER_PKI_DIAL_H
#define CONTROLLER_PKI_DIAL_H

#include "controller/pki.h"

enum pki_dial_step {
	PKI_DIAL_NAME,                  /* the address is none */
	PKI_DIAL_TCP,
	PKI_DIAL_TLS,                   /* RFC 8446: 1.3, and nothing older */
	PKI_DIAL_HELLO,                 /* in TLS 1.3 a client learns only here that it was refused */
	PKI_DIAL_DONE,
};

struct pki_dial {
	const char *address, *port;     /* numbers, or a name of DNS */
	const char *key, *cert, *ca;    /* paths; ca null: no TLS */
	int patience_ms;                /* for each step */
	bool only_tcp;                  /* then that is all, and done */
};

/* The step that failed, ret_why says why; or PKI_DIAL_DONE. */
enum pki_dial_step pki_dial(const struct pki_dial *, struct pki_error *ret_why);

#endif
