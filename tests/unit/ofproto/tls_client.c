/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/ofproto/tls_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

int tls_up(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));
	const char *error;

	s->base = event_base_new();
	s->ca = cert_new((struct cert_wish) {.cn = "weft CA", .is_ca = true});
	s->weftd = cert_new((struct cert_wish) {.ca = s->ca, .cn = "weftd"});
	s->kvm1 = cert_new((struct cert_wish) {.ca = s->ca, .cn = "kvm1", .sans = "DNS:kvm1"});
	s->dir = certs_mkdir();
	cert_write(s->ca, s->dir, "ca.pem", NULL);
	cert_write(s->weftd, s->dir, "cert.pem", "key.pem");
	s->tls = tls_new(s->dir, &error);
	if (!s->tls)
		fail_msg("%s", error);
	*state = s;
	return 0;
}

int tls_down(void **state)
{
	struct scene *s = *state;

	tls_free(s->tls);
	certs_rmdir(s->dir);
	cert_free(s->kvm1);
	cert_free(s->weftd);
	cert_free(s->ca);
	event_base_free(s->base);
	free(s);
	return 0;
}

struct client *client_new(struct end *end, const struct cert *cert, const struct cert *ca,
				 int max_version)
{
	struct client *c = calloc(1, sizeof(*c));
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	SSL_CTX_set_max_proto_version(ctx, max_version);
	if (cert) {
		assert_int_equal(SSL_CTX_use_certificate(ctx, cert->x509), 1);
		assert_int_equal(SSL_CTX_use_PrivateKey(ctx, cert->key), 1);
	}
	if (ca) {
		X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), ca->x509);
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	}
	c->ssl = SSL_new(ctx);
	SSL_CTX_free(ctx);
	c->in = BIO_new(BIO_s_mem());
	c->out = BIO_new(BIO_s_mem());
	BIO_set_mem_eof_return(c->in, -1);
	SSL_set_bio(c->ssl, c->in, c->out);
	SSL_set_connect_state(c->ssl);
	c->end = end;
	return c;
}

void client_free(struct client *c)
{
	SSL_free(c->ssl);
	free(c);
}

void client_pump_out(struct client *c)
{
	size_t size;
	ssize_t n;

	for (;;) {
		if (c->held_start == c->held_end) {
			int got = BIO_read(c->out, c->held, sizeof(c->held));

			if (got <= 0)
				return;
			c->held_start = 0;
			c->held_end = (size_t) got;
		}
		size = c->held_end - c->held_start;
		if (c->piece && size > c->piece)
			size = c->piece;
		n = send(c->end->peer, c->held + c->held_start, size, MSG_NOSIGNAL);
		if (n <= 0)
			return;
		c->held_start += (size_t) n;
		if (c->piece)
			return;
	}
}

void client_pump_in(struct client *c)
{
	uint8_t buf[16 << 10];
	ssize_t n;

	while ((n = recv(c->end->peer, buf, sizeof(buf), 0)) > 0)
		BIO_write(c->in, buf, (int) n);
}

void client_pump(struct client *c)
{
	client_pump_out(c);
	event_base_loop(c->end->base, EVLOOP_NONBLOCK);
	client_pump_in(c);
}

void client_handshake(struct client *c)
{
	for (int i = 0; i < 20000 && !c->end->n_established && !c->end->n_closed; i++) {
		ERR_clear_error();
		SSL_do_handshake(c->ssl);
		client_pump(c);
	}
	if (!c->end->n_established && !c->end->n_closed)
		fail_msg("the handshake came to nothing");
}

void client_send(struct client *c, const void *data, size_t size)
{
	size_t n;

	assert_int_equal(SSL_write_ex(c->ssl, data, size, &n), 1);
	assert_int_equal(n, size);
}

size_t client_read(struct client *c, void *buf, size_t size)
{
	size_t n, total = 0;

	client_pump_in(c);
	while (total < size && SSL_read_ex(c->ssl, (uint8_t *) buf + total, size - total, &n))
		total += n;
	return total;
}

struct client *let_in(struct scene *s, struct end **ret_end)
{
	struct client *c;

	*ret_end = end_new(s->base, true, s->tls);
	c = client_new(*ret_end, s->kvm1, s->ca, TLS1_3_VERSION);
	client_handshake(c);
	if ((*ret_end)->n_closed)
		fail_msg("%s", (*ret_end)->why);
	return c;
}

void tls_refuse(struct scene *s, const struct cert *cert, const struct cert *trusted,
		   int max_version, const char *words)
{
	struct end *e = end_new(s->base, false, s->tls);
	struct client *c = client_new(e, cert, trusted, max_version);

	e->free_when_closed = true;
	client_handshake(c);
	assert_int_equal(e->n_established, 0);
	assert_int_equal(e->n_closed, 1);
	if (strncmp(e->why, "TLS: ", 5) || !strstr(e->why, words))
		fail_msg("wanted: %s; came: %s", words, e->why);
	client_free(c);
	end_free(e);
}
