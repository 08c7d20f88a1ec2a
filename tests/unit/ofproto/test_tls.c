/* SPDX-License-Identifier: Apache-2.0 */
/* tls below conn: who is let in and with which words the others are sent away,
 * bytes in every kind of piece, certificates that change while sessions live. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

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

static int setup(void **state)
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

static int teardown(void **state)
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

/* --- the switch --------------------------------------------------------------- */

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

static struct client *client_new(struct end *end, const struct cert *cert, const struct cert *ca,
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

static void client_free(struct client *c)
{
	SSL_free(c->ssl);
	free(c);
}

static void pump_out(struct client *c)
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

static void pump_in(struct client *c)
{
	uint8_t buf[16 << 10];
	ssize_t n;

	while ((n = recv(c->end->peer, buf, sizeof(buf), 0)) > 0)
		BIO_write(c->in, buf, (int) n);
}

static void pump(struct client *c)
{
	pump_out(c);
	event_base_loop(c->end->base, EVLOOP_NONBLOCK);
	pump_in(c);
}

/* Until it is established here, or closed. */
static void handshake(struct client *c)
{
	for (int i = 0; i < 20000 && !c->end->n_established && !c->end->n_closed; i++) {
		ERR_clear_error();
		SSL_do_handshake(c->ssl);
		pump(c);
	}
	if (!c->end->n_established && !c->end->n_closed)
		fail_msg("the handshake came to nothing");
}

static void client_send(struct client *c, const void *data, size_t size)
{
	size_t n;

	assert_int_equal(SSL_write_ex(c->ssl, data, size, &n), 1);
	assert_int_equal(n, size);
}

static size_t client_read(struct client *c, void *buf, size_t size)
{
	size_t n, total = 0;

	pump_in(c);
	while (total < size && SSL_read_ex(c->ssl, (uint8_t *) buf + total, size - total, &n))
		total += n;
	return total;
}

static struct client *let_in(struct scene *s, struct end **ret_end)
{
	struct client *c;

	*ret_end = end_new(s->base, true, s->tls);
	c = client_new(*ret_end, s->kvm1, s->ca, TLS1_3_VERSION);
	handshake(c);
	if ((*ret_end)->n_closed)
		fail_msg("%s", (*ret_end)->why);
	return c;
}

/* --- who is let in ------------------------------------------------------------ */

static void lets_a_switch_in(void **state)
{
	struct scene *s = *state;
	uint8_t msg[100], got[100];
	struct end *e;
	struct client *c = let_in(s, &e);

	assert_int_equal(e->n_established, 1);
	assert_string_equal(SSL_get_version(c->ssl), "TLSv1.3");
	assert_string_equal(conn_cert_name(e->conn), "kvm1");
	assert_int_equal(strncmp(conn_peer(e->conn), "ssl:127.0.0.1:", 14), 0);
	/* `ovs-vsctl --bootstrap set-ssl` takes the authority from the chain. */
	assert_int_equal(sk_X509_num(SSL_get_peer_cert_chain(c->ssl)), 2);
	assert_int_equal(X509_cmp(sk_X509_value(SSL_get_peer_cert_chain(c->ssl), 1), s->ca->x509), 0);
	message_make(msg, 100, 1);
	client_send(c, msg, 100);
	RUN_UNTIL(s->base, (pump(c), e->n_messages == 1));
	assert_memory_equal(e->bytes, msg, 100);
	conn_send(e->conn, msg, 100);
	conn_flush(e->conn);
	RUN_UNTIL(s->base, client_read(c, got, 100) == 100);
	assert_memory_equal(got, msg, 100);
	/* No tickets: the next session begins with certificates as well. */
	assert_int_equal(SSL_SESSION_has_ticket(SSL_get0_session(c->ssl)), 0);
	client_free(c);
	end_free(e);
}

static void knows_names(void **state)
{
	struct scene *s = *state;
	static const struct {
		struct cert_wish wish;
		const char *name, *is[3], *is_not[3];
	} cases[] = {
		{{.cn = "kvm1"}, "kvm1", {"kvm1"}, {"kvm", "kvm11", "KVM1"}},
		{{.cn = "kvm1", .sans = "DNS:kvm2,DNS:kvm3"}, "kvm2", {"kvm2", "kvm3"}, {"kvm1"}},
		{{.cn = "kvm1", .sans = "IP:192.0.2.1"}, "kvm1", {"kvm1"}, {"192.0.2.1"}},
		{{.sans = "DNS:kvm2"}, "kvm2", {"kvm2"}, {""}},
		{{.cn = "*.example", .sans = NULL}, "*.example", {"*.example"}, {"kvm1.example"}},
		{{.sans = "DNS:*"}, "*", {"*"}, {"kvm1", ""}},
		{{.cn = "kvm1\n2026 forged line"}, "kvm1?2026 forged line", {NULL}, {"kvm1"}},
		{{.cn = "kvm1\0.evil", .cn_size = 10}, NULL, {NULL}, {"kvm1"}},
		{{.cn = NULL}, NULL, {NULL}, {"", "kvm1"}},
		{{.cn = "kvm1", .is_rsa = true}, "kvm1", {"kvm1"}, {NULL}},
		{{.cn = "kvm1", .usage = "clientAuth"}, "kvm1", {"kvm1"}, {NULL}},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cert_wish wish = cases[i].wish;
		struct end *e = end_new(s->base, false, s->tls);
		struct cert *cert;
		struct client *c;

		wish.ca = s->ca;
		cert = cert_new(wish);
		c = client_new(e, cert, s->ca, TLS1_3_VERSION);
		handshake(c);
		assert_int_equal(e->n_established, 1);
		if (cases[i].name)
			assert_string_equal(conn_cert_name(e->conn), cases[i].name);
		else
			assert_null(conn_cert_name(e->conn));
		for (size_t j = 0; j < 3 && cases[i].is[j]; j++)
			assert_true(conn_cert_is_for(e->conn, cases[i].is[j]));
		for (size_t j = 0; j < 3 && cases[i].is_not[j]; j++)
			assert_false(conn_cert_is_for(e->conn, cases[i].is_not[j]));
		client_free(c);
		end_free(e);
		cert_free(cert);
	}
}

static void refuse(struct scene *s, const struct cert *cert, const struct cert *trusted,
		   int max_version, const char *words)
{
	struct end *e = end_new(s->base, false, s->tls);
	struct client *c = client_new(e, cert, trusted, max_version);

	e->free_when_closed = true;
	handshake(c);
	assert_int_equal(e->n_established, 0);
	assert_int_equal(e->n_closed, 1);
	if (strncmp(e->why, "TLS: ", 5) || !strstr(e->why, words))
		fail_msg("wanted: %s; came: %s", words, e->why);
	client_free(c);
	end_free(e);
}

static void sends_others_away_with_a_reason(void **state)
{
	struct scene *s = *state;
	struct cert *other_ca = cert_new((struct cert_wish) {.cn = "other CA", .is_ca = true});
	struct cert *twin_ca = cert_new((struct cert_wish) {.cn = "weft CA", .is_ca = true});
	struct cert *old = cert_new((struct cert_wish) {.ca = s->ca, .cn = "kvm1", .from_days = -9,
							.to_days = -2});
	struct cert *young = cert_new((struct cert_wish) {.ca = s->ca, .cn = "kvm1", .from_days = 2,
							  .to_days = 9});
	struct cert *foreign = cert_new((struct cert_wish) {.ca = other_ca, .cn = "kvm1"});
	struct cert *forged = cert_new((struct cert_wish) {.ca = twin_ca, .cn = "kvm1"});
	struct cert *selfmade = cert_new((struct cert_wish) {.cn = "kvm\033[31m1"});
	struct cert *server = cert_new((struct cert_wish) {.ca = s->ca, .cn = "kvm1",
							   .usage = "serverAuth"});

	refuse(s, old, s->ca, 0, "its certificate (kvm1) has expired on 20");
	refuse(s, old, s->ca, 0, "renew it with: weft pki renew kvm1");
	refuse(s, young, s->ca, 0, "is not valid before 20");
	refuse(s, foreign, s->ca, 0, "was made by another authority (other CA) than the one in ca.pem");
	refuse(s, forged, s->ca, 0, "certificate (kvm1) ");
	refuse(s, selfmade, s->ca, 0, "its certificate (kvm?[31m1) was made by another authority");
	refuse(s, server, s->ca, 0, "extended key usage");
	refuse(s, NULL, s->ca, 0, "no certificate came; give the switch one with: ovs-vsctl set-ssl");
	refuse(s, s->kvm1, s->ca, TLS1_2_VERSION, "speaks only TLS 1.2; use TLS 1.3");
	/* The other way round: the switch does not like our certificate. */
	refuse(s, s->kvm1, other_ca, 0, "the peer does not trust weftd's certificate");
	refuse(s, s->kvm1, twin_ca, 0, "the peer ");
	cert_free(server);
	cert_free(selfmade);
	cert_free(forged);
	cert_free(foreign);
	cert_free(young);
	cert_free(old);
	cert_free(twin_ca);
	cert_free(other_ca);
}

static void knows_what_is_not_tls(void **state)
{
	struct scene *s = *state;
	static const uint8_t hello[16] = {4, 0, 0, 16, 0, 0, 0, 1, 0, 1, 0, 8, 0, 0, 0, 16};
	struct end *e = end_new(s->base, false, s->tls);

	peer_send(e, hello, sizeof(hello));
	RUN_UNTIL(s->base, e->n_closed);
	assert_non_null(strstr(e->why, "does not speak TLS; its controller must be ssl:"));
	end_free(e);

	e = end_new(s->base, false, s->tls);
	peer_send(e, "GET / HTTP/1.1\r\n\r\n", 18);
	RUN_UNTIL(s->base, e->n_closed);
	assert_non_null(strstr(e->why, "HTTP"));
	end_free(e);

	e = end_new(s->base, false, s->tls);
	end_hang_up(e);
	RUN_UNTIL(s->base, e->n_closed);
	assert_string_equal(e->why, "TLS: closed by peer during the handshake");
	end_free(e);
}

static void has_a_deadline(void **state)
{
	struct scene *s = *state;
	unsigned usual = conn_handshake_ms;
	struct end *e;

	conn_handshake_ms = 50;
	e = end_new(s->base, false, s->tls);
	conn_handshake_ms = usual;
	peer_send(e, "\026\003\001", 3);
	RUN_UNTIL(s->base, e->n_closed);
	assert_string_equal(e->why, "TLS: the handshake took too long");
	assert_int_equal(e->n_established, 0);
	end_free(e);
}

/* --- bytes -------------------------------------------------------------------- */

enum { N = 3000 };

/* Messages of all sizes, a record each. */
static size_t make_stream(uint8_t *stream, size_t room)
{
	size_t size = 0, one;

	for (unsigned i = 0; i < N; i++) {
		one = 8 + (i * 7919u) % 300 + (i % 500 == 0 ? 40000 : 0);
		assert_true(size + one <= room);
		message_make(stream + size, one, i);
		size += one;
	}
	return size;
}

static void takes_records_in_pieces(void **state)
{
	struct scene *s = *state;
	static const size_t pieces[] = {0, 1, 5, 4099, 300000};
	uint8_t *stream = malloc(2 << 20);
	size_t at, one, n;

	make_stream(stream, 2 << 20);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		struct end *e = end_new(s->base, true, s->tls);
		struct client *c = client_new(e, s->kvm1, s->ca, 0);

		/* Bytes one by one take a system call each: fewer of them. */
		n = pieces[i] && pieces[i] < 100 ? 40 : N;
		c->piece = pieces[i];
		handshake(c);
		at = 0;
		for (unsigned k = 0; k < n; k++, at += one) {
			one = (size_t) (stream[at + 2] << 8 | stream[at + 3]);
			client_send(c, stream + at, one);
		}
		for (long tries = 0; e->n_messages < n; tries++) {
			assert_true(tries < 300000);
			pump(c);
			if (e->n_closed)
				fail_msg("%s", e->why);
		}
		assert_int_equal(e->size, at);
		assert_memory_equal(e->bytes, stream, at);
		client_free(c);
		end_free(e);
	}
	free(stream);
}

/* More in the socket than one read can take, then more messages than one wake-up. */
static void reads_records_by_the_hundred(void **state)
{
	struct scene *s = *state;
	uint8_t *stream = malloc(2 << 20);
	size_t size = make_stream(stream, 2 << 20), at, one;
	struct end *e;
	struct client *c = let_in(s, &e);
	struct conn_counts counts;

	assert_int_equal(setsockopt(e->peer, SOL_SOCKET, SO_SNDBUF, &(int) {4 << 20}, sizeof(int)), 0);
	for (at = 0; at < size; at += one) {
		one = (size_t) (stream[at + 2] << 8 | stream[at + 3]);
		client_send(c, stream + at, one);
	}
	pump_out(c);
	RUN_UNTIL(s->base, (pump(c), e->n_messages == N));
	assert_memory_equal(e->bytes, stream, size);
	conn_count(e->conn, &counts);
	assert_true(counts.n_reads < 60);
	free(stream);
	client_free(c);
	end_free(e);
}

static void keeps_what_the_kernel_does_not_take(void **state)
{
	struct scene *s = *state;
	enum { TOTAL = 6 << 20 };
	uint8_t *sent = malloc(TOTAL), *got = malloc(TOTAL), msg[8];
	size_t n = 0, n_sent = 0, one = 30011;
	struct end *e = end_new(s->base, false, s->tls);
	struct client *c = client_new(e, s->kvm1, s->ca, 0);

	handshake(c);
	/* A small buffer in the kernel: it takes a little at a time. */
	setsockopt(e->conn->fd, SOL_SOCKET, SO_SNDBUF, &(int) {8 << 10}, sizeof(int));
	for (unsigned i = 0; n_sent + one <= TOTAL; i++, n_sent += one)
		message_make(sent + n_sent, one, i);
	for (size_t at = 0; at < n_sent; at += one) {
		conn_send(e->conn, sent + at, one);
		if (at % 7 == 0)
			conn_flush(e->conn);
	}
	conn_flush(e->conn);
	settle(s->base);
	assert_true(conn_queued(e->conn) >= CONN_PAUSE_BYTES);
	/* Not read from meanwhile. */
	message_make(msg, 8, 1);
	client_send(c, msg, 8);
	pump_out(c);
	settle(s->base);
	assert_int_equal(e->n_messages, 0);
	for (long tries = 0; n < n_sent; tries++) {
		assert_true(tries < 100000);
		n += client_read(c, got + n, n_sent - n);
		event_base_loop(s->base, EVLOOP_NONBLOCK);
	}
	assert_memory_equal(got, sent, n_sent);
	RUN_UNTIL(s->base, e->n_messages == 1);
	assert_int_equal(conn_queued(e->conn), 0);
	free(sent);
	free(got);
	client_free(c);
	end_free(e);
}

static void writes_once_per_flush(void **state)
{
	struct scene *s = *state;
	uint8_t *msg = malloc(60000), got[200000];
	struct conn_counts before, after;
	struct end *e;
	struct client *c = let_in(s, &e);
	size_t n = 0;

	conn_count(e->conn, &before);
	for (unsigned i = 0; i < 3; i++) {
		message_make(msg, 60000, i);
		conn_send(e->conn, msg, 60000);
	}
	conn_flush(e->conn);
	conn_count(e->conn, &after);
	assert_int_equal(after.n_writes - before.n_writes, 1);
	assert_int_equal(after.n_messages_out - before.n_messages_out, 3);
	assert_int_equal(after.n_bytes_out - before.n_bytes_out, 180000);
	RUN_UNTIL(s->base, (n += client_read(c, got, sizeof(got))) == 180000);
	free(msg);
	client_free(c);
	end_free(e);
}

static void changes_keys(void **state)
{
	struct scene *s = *state;
	uint8_t msg[500], got[500];
	struct end *e;
	struct client *c = let_in(s, &e);

	message_make(msg, sizeof(msg), 3);
	for (size_t i = 1; i <= 20; i++) {
		assert_int_equal(SSL_key_update(c->ssl, SSL_KEY_UPDATE_REQUESTED), 1);
		client_send(c, msg, sizeof(msg));
		RUN_UNTIL(s->base, (pump(c), e->n_messages == i));
		conn_send(e->conn, msg, sizeof(msg));
		conn_flush(e->conn);
		RUN_UNTIL(s->base, client_read(c, got, sizeof(got)) == sizeof(got));
		assert_memory_equal(got, msg, sizeof(msg));
	}
	assert_memory_equal(e->bytes + 19 * 500, msg, 500);
	client_free(c);
	end_free(e);
}

/* --- endings ------------------------------------------------------------------ */

static void hears_goodbye_and_hanging_up(void **state)
{
	struct scene *s = *state;
	uint8_t msg[8];
	struct end *e;
	struct client *c;

	message_make(msg, 8, 1);
	for (int says_goodbye = 0; says_goodbye < 2; says_goodbye++) {
		c = let_in(s, &e);
		client_send(c, msg, 8);
		if (says_goodbye)
			SSL_shutdown(c->ssl);
		pump_out(c);
		if (!says_goodbye)
			end_hang_up(e);
		RUN_UNTIL(s->base, e->n_closed);
		assert_int_equal(e->n_messages, 1);
		assert_string_equal(e->why, "closed by peer");
		client_free(c);
		end_free(e);
	}
}

static void says_goodbye(void **state)
{
	struct scene *s = *state;
	uint8_t msg[8], got[8], more;
	size_t n;
	struct end *e;
	struct client *c = let_in(s, &e);

	message_make(msg, 8, 1);
	conn_send(e->conn, msg, 8);
	conn_close(e->conn, "enough");
	RUN_UNTIL(s->base, e->n_closed);
	assert_string_equal(e->why, "enough");
	assert_int_equal(client_read(c, got, 8), 8);
	assert_int_equal(SSL_read_ex(c->ssl, &more, 1, &n), 0);
	assert_int_equal(SSL_get_error(c->ssl, 0), SSL_ERROR_ZERO_RETURN);
	client_free(c);
	end_free(e);
}

static void ends_at_a_forged_record(void **state)
{
	struct scene *s = *state;
	uint8_t msg[100], noise[] = {23, 3, 3, 0, 32, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
				     17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32};
	struct end *e;
	struct client *c = let_in(s, &e);

	message_make(msg, 100, 1);
	client_send(c, msg, 100);
	pump_out(c);
	peer_send(e, noise, sizeof(noise));
	RUN_UNTIL(s->base, e->n_closed);
	assert_int_equal(e->n_messages, 1);
	assert_non_null(strstr(e->why, "TLS: decryption failed or bad record mac"));
	client_free(c);
	end_free(e);
}

static void is_freed_at_any_step(void **state)
{
	struct scene *s = *state;

	for (int steps = 0; steps < 8; steps++) {
		struct end *e = end_new(s->base, false, s->tls);
		struct client *c = client_new(e, s->kvm1, s->ca, 0);

		c->piece = 300;
		for (int i = 0; i < steps; i++) {
			SSL_do_handshake(c->ssl);
			pump(c);
		}
		conn_send(e->conn, "abcdefgh", 8);
		end_free(e);
		client_free(c);
	}
}

/* --- files -------------------------------------------------------------------- */

static void explains(struct scene *s, const char *words)
{
	const char *error = NULL;
	struct tls *tls = tls_new(s->dir, &error);

	if (tls)
		fail_msg("taken, wanted: %s", words);
	if (strncmp(error, s->dir, strlen(s->dir)) || !strstr(error, words))
		fail_msg("wanted: %s; came: %s", words, error);
}

static void write_text(const char *dir, const char *name, const char *text)
{
	char path[300];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void explains_bad_files(void **state)
{
	struct scene *s = *state;
	struct cert *other_ca = cert_new((struct cert_wish) {.cn = "other CA", .is_ca = true});
	struct cert *old = cert_new((struct cert_wish) {.ca = s->ca, .cn = "weftd", .from_days = -9,
							.to_days = -2});
	struct cert *rsa = cert_new((struct cert_wish) {.ca = s->ca, .cn = "weftd", .is_rsa = true});
	struct cert *client = cert_new((struct cert_wish) {.ca = s->ca, .cn = "weftd",
							   .usage = "clientAuth"});
	struct cert *old_ca = cert_new((struct cert_wish) {.cn = "weft CA", .is_ca = true,
							   .from_days = -9, .to_days = -2});
	char path[300];
	FILE *f;

	cert_write(s->kvm1, s->dir, NULL, "key.pem");
	explains(s, "/key.pem: does not belong to the certificate in cert.pem");
	cert_write(rsa, s->dir, NULL, "key.pem");
	explains(s, "/key.pem: does not belong to the certificate in cert.pem");
	write_text(s->dir, "key.pem", "nonsense\n");
	explains(s, "/key.pem: no usable private key");
	snprintf(path, sizeof(path), "%s/key.pem", s->dir);
	f = fopen(path, "w");
	PEM_write_PrivateKey(f, s->weftd->key, EVP_aes_256_cbc(), (unsigned char *) "secret", 6, NULL, NULL);
	fclose(f);
	explains(s, "/key.pem: no usable private key without a password");
	cert_write(old, s->dir, "cert.pem", "key.pem");
	explains(s, "/cert.pem: weftd's certificate (weftd) has expired on 20");
	cert_write(client, s->dir, "cert.pem", "key.pem");
	explains(s, "/cert.pem: weftd's certificate (weftd) is not meant for this side");
	write_text(s->dir, "cert.pem", "");
	explains(s, "/cert.pem: no usable certificate");
	cert_write(s->weftd, s->dir, "cert.pem", "key.pem");
	cert_write(other_ca, s->dir, "ca.pem", NULL);
	explains(s, "/cert.pem: weftd's certificate (weftd) was made by another authority (weft CA)");
	explains(s, "make a new one with: weft pki renew weftd");
	cert_write(old_ca, s->dir, "ca.pem", NULL);
	explains(s, "/cert.pem: ");
	write_text(s->dir, "ca.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
	explains(s, "/ca.pem: no certificate of an authority");
	snprintf(path, sizeof(path), "%s/ca.pem", s->dir);
	unlink(path);
	explains(s, "/ca.pem: No such file or directory; make certificates with: weft pki init");
	cert_free(old_ca);
	cert_free(client);
	cert_free(rsa);
	cert_free(old);
	cert_free(other_ca);
}

static void exchange(struct scene *s, struct end *e, struct client *c)
{
	size_t n = e->n_messages + 1;
	uint8_t msg[50], got[50];

	message_make(msg, 50, (unsigned) n);
	client_send(c, msg, 50);
	RUN_UNTIL(s->base, (pump(c), e->n_messages == n));
	conn_send(e->conn, msg, 50);
	conn_flush(e->conn);
	RUN_UNTIL(s->base, client_read(c, got, 50) == 50);
	assert_memory_equal(got, msg, 50);
}

/* For browsers: no certificate is asked of them, TLS 1.3 all the same. */
static void serves_who_has_no_certificate(void **state)
{
	struct scene *s = *state;
	SSL *ssl = tls_server(s->tls);

	assert_int_equal(SSL_get_verify_mode(ssl), SSL_VERIFY_NONE);
	assert_int_equal(SSL_get_min_proto_version(ssl), TLS1_3_VERSION);
	assert_non_null(SSL_get_certificate(ssl));
	SSL_free(ssl);
	assert_true(tls_is_for(s->tls, "weftd"));
	assert_false(tls_is_for(s->tls, "kvm1"));
}

static void takes_new_certificates_while_sessions_live(void **state)
{
	struct scene *s = *state;
	struct cert *ca2 = cert_new((struct cert_wish) {.cn = "weft CA 2", .is_ca = true});
	struct cert *weftd2 = cert_new((struct cert_wish) {.ca = ca2, .cn = "weftd", .to_days = 90});
	struct cert *kvm2 = cert_new((struct cert_wish) {.ca = ca2, .cn = "kvm2"});
	struct end *live, *e;
	struct client *c = let_in(s, &live), *c2;
	const char *error = NULL;

	assert_int_equal(tls_days_left(s->tls), 30);
	assert_int_equal(tls_reload(s->tls, &error), 0);
	assert_null(tls_bad_files(s->tls));
	/* Half of the change: said once, and the old ones stay in force. */
	cert_write(weftd2, s->dir, "cert.pem", NULL);
	assert_int_equal(tls_reload(s->tls, &error), -1);
	assert_non_null(strstr(error, "/key.pem: does not belong"));
	assert_int_equal(tls_reload(s->tls, &error), 0);
	cert_write(weftd2, s->dir, NULL, "key.pem");
	assert_int_equal(tls_reload(s->tls, &error), -1);
	assert_non_null(strstr(error, "another authority"));
	assert_string_equal(tls_bad_files(s->tls), error);
	assert_int_equal(tls_days_left(s->tls), 30);
	exchange(s, live, c);
	e = end_new(s->base, false, s->tls);
	c2 = client_new(e, s->kvm1, s->ca, 0);
	handshake(c2);
	assert_int_equal(e->n_established, 1);
	client_free(c2);
	end_free(e);
	/* All of it. */
	cert_write(ca2, s->dir, "ca.pem", NULL);
	assert_int_equal(tls_reload(s->tls, &error), 1);
	assert_int_equal(tls_reload(s->tls, &error), 0);
	assert_null(tls_bad_files(s->tls));
	assert_int_equal(tls_days_left(s->tls), 90);
	exchange(s, live, c);
	e = end_new(s->base, false, s->tls);
	c2 = client_new(e, kvm2, ca2, 0);
	handshake(c2);
	assert_int_equal(e->n_established, 1);
	assert_string_equal(conn_cert_name(e->conn), "kvm2");
	client_free(c2);
	end_free(e);
	refuse(s, s->kvm1, ca2, 0, "another authority (weft CA)");
	exchange(s, live, c);
	/* The owner of the files may go before the sessions do. */
	tls_free(s->tls);
	s->tls = NULL;
	exchange(s, live, c);
	client_free(c);
	end_free(live);
	cert_free(kvm2);
	cert_free(weftd2);
	cert_free(ca2);
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lets_a_switch_in),
		TEST(knows_names),
		TEST(sends_others_away_with_a_reason),
		TEST(knows_what_is_not_tls),
		TEST(has_a_deadline),
		TEST(takes_records_in_pieces),
		TEST(reads_records_by_the_hundred),
		TEST(keeps_what_the_kernel_does_not_take),
		TEST(writes_once_per_flush),
		TEST(changes_keys),
		TEST(hears_goodbye_and_hanging_up),
		TEST(says_goodbye),
		TEST(ends_at_a_forged_record),
		TEST(is_freed_at_any_step),
		TEST(explains_bad_files),
		TEST(serves_who_has_no_certificate), TEST(takes_new_certificates_while_sessions_live),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
