/* SPDX-License-Identifier: Apache-2.0 */
/* tls_client: a listener with certificates and a client made of OpenSSL alone. */
#ifndef TESTS_TLS_CLIENT_H
#define TESTS_TLS_CLIENT_H

#include "certs.h"
#include "end.h"
#include "ofproto/conn_impl.h"
#include "ofproto/tls.h"

/* One authority, weftd's files, a switch. */
struct scene {
	struct event_base *base;
	struct cert *ca, *weftd, *kvm1;
	char *dir;
	struct tls *tls;
};
int tls_up(void **state);
int tls_down(void **state);
/* A TLS client whose records pass through memory, so that the test decides in
 * which pieces they reach the socket. */
struct client {
	SSL *ssl;
	BIO *in, *out;
	struct end *end;
	uint8_t held[64 << 10];         /* read from `out`, not yet sent */
	size_t held_start, held_end;
	size_t piece;                   /* at most so many bytes at once; 0 = all */
};
struct client *client_new(struct end *end, const struct cert *cert, const struct cert *ca,
				 int max_version);
void client_free(struct client *c);
void client_pump_out(struct client *c);
void client_pump_in(struct client *c);
void client_pump(struct client *c);
/* Until it is established here, or closed. */
void client_handshake(struct client *c);
void client_send(struct client *c, const void *data, size_t size);
size_t client_read(struct client *c, void *buf, size_t size);
struct client *let_in(struct scene *s, struct end **ret_end);
void tls_refuse(struct scene *s, const struct cert *cert, const struct cert *trusted,
		   int max_version, const char *words);

#endif
