/* SPDX-License-Identifier: Apache-2.0 */
/* tls: one session over a non-blocking socket.
 *
 * OpenSSL makes two reads of the socket for a record and one write. A switch
 * sends each small message as a record of its own, so that would be a system
 * call or two per packet-in. The idea: OpenSSL talks to a BIO of ours, which
 * fills a window with one recv() and empties one with one send(). Both windows
 * are shared by all sessions, because they are empty between calls:
 *
 *  - A read takes less ciphertext than there is room for plaintext, so
 *    everything in the window can be opened; half a record at the end is kept
 *    by OpenSSL. Nothing stays behind that the socket would not tell about.
 *  - A write that the kernel does not take in whole is kept by the session, and
 *    nothing more is sealed before that has gone.
 *
 * During the handshake reads go straight to the socket, or they might take
 * bytes that belong to what comes after. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <openssl/err.h>

#include "ofproto/mem.h"
#include "ofproto/tls_impl.h"

enum {
	WINDOW = 256 << 10,
	RECORD = SSL3_RT_MAX_PLAIN_LENGTH,      /* RFC 8446, section 5.1 */
	RECORD_SEALED = RECORD + 512,           /* section 5.2: 256 more, and header */
};

struct tls_session {
	SSL *ssl;                       /* owned */
	int fd;
	bool is_through;                /* the handshake is */
	bool is_drained;                /* the socket had no more when last read */
	bool has_ended;                 /* nothing more will come */
	bool is_cut;                    /* nothing more can be sent */
	bool has_failed;                /* SSL is not to be touched again */
	size_t room;                    /* ciphertext that the window may take now */
	uint8_t *kept;                  /* owned: sealed, not sent */
	size_t kept_start, kept_end;
	bool has_name;
	char name[TLS_NAME_MAX + 1];
	char error[288];
};

static struct {
	uint8_t data[WINDOW];
	size_t start, end;
} coming, going;

static int session_index = -1;          /* of the session in an SSL */

/* --- the BIO ------------------------------------------------------------------ */

/* Bytes, 0 for none now or never. */
static size_t receive(struct tls_session *s, void *p, size_t size)
{
	ssize_t n;

	do
		n = recv(s->fd, p, size, 0);
	while (n < 0 && errno == EINTR);
	if (n > 0) {
		s->is_drained = (size_t) n < size;
		return (size_t) n;
	}
	s->is_drained = true;
	s->has_ended = n == 0 || errno != EAGAIN;
	return 0;
}

static int bio_read(BIO *bio, char *p, size_t size, size_t *ret_n)
{
	struct tls_session *s = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	*ret_n = 0;
	if (!s->is_through) {
		*ret_n = receive(s, p, size);
	} else {
		if (coming.start == coming.end && !s->is_drained && s->room > 0) {
			coming.start = 0;
			coming.end = receive(s, coming.data, s->room);
		}
		*ret_n = coming.end - coming.start < size ? coming.end - coming.start : size;
		memcpy(p, coming.data + coming.start, *ret_n);
		coming.start += *ret_n;
	}
	if (*ret_n == 0 && !s->has_ended)
		BIO_set_retry_read(bio);
	return *ret_n > 0;
}

static int bio_write(BIO *bio, const char *p, size_t size, size_t *ret_n)
{
	BIO_clear_retry_flags(bio);
	*ret_n = size < WINDOW - going.end ? size : WINDOW - going.end;
	if (*ret_n == 0) {
		BIO_set_retry_write(bio);
		return 0;
	}
	memcpy(going.data + going.end, p, *ret_n);
	going.end += *ret_n;
	return 1;
}

static long bio_ctrl(BIO *bio, int command, long number, void *p)
{
	(void) bio, (void) number, (void) p;
	return command == BIO_CTRL_FLUSH;
}

/* One for the life of the process. */
static const BIO_METHOD *bio_method(void)
{
	static BIO_METHOD *method;

	if (!method) {
		method = mem_check(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "window"));
		BIO_meth_set_read_ex(method, bio_read);
		BIO_meth_set_write_ex(method, bio_write);
		BIO_meth_set_ctrl(method, bio_ctrl);
		session_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
	}
	return method;
}

/* Sends what is kept and what is in the window, in one call; keeps the rest. */
static void push(struct tls_session *s)
{
	size_t n_kept = s->kept_end - s->kept_start, n = 0, left;
	struct iovec parts[2] = {
		{n_kept ? s->kept + s->kept_start : NULL, n_kept},
		{going.data, going.end},
	};
	struct msghdr msg = {.msg_iov = parts, .msg_iovlen = 2};
	ssize_t result = 0;

	if (n_kept + going.end > 0 && !s->is_cut) {
		do
			result = sendmsg(s->fd, &msg, MSG_NOSIGNAL);
		while (result < 0 && errno == EINTR);
		if (result < 0 && errno != EAGAIN)
			s->is_cut = true;
		n = result > 0 ? (size_t) result : 0;
	}
	left = s->is_cut ? 0 : n_kept + going.end - n;
	if (left == 0) {
		free(s->kept);
		s->kept = NULL;
		s->kept_start = s->kept_end = 0;
	} else if (going.end == 0) {
		s->kept_start += n;
	} else {
		uint8_t *kept = mem_alloc(left);
		size_t from_kept = n < n_kept ? n_kept - n : 0;

		if (from_kept)
			memcpy(kept, s->kept + s->kept_end - from_kept, from_kept);
		memcpy(kept + from_kept, going.data + going.end - (left - from_kept), left - from_kept);
		free(s->kept);
		s->kept = kept;
		s->kept_start = 0;
		s->kept_end = left;
	}
	going.end = 0;
}

/* --- life --------------------------------------------------------------------- */

/* Puts a failed verification into words while the certificate is at hand. */
static int on_verify(int is_good, X509_STORE_CTX *check)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(check, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_session *s = SSL_get_ex_data(ssl, session_index);

	if (!is_good && !s->error[0])
		tls_words_verify(s->error, sizeof(s->error), false,
				 X509_STORE_CTX_get_current_cert(check), X509_STORE_CTX_get_error(check));
	return is_good;
}

struct tls_session *tls_session_new(struct tls *tls, int fd)
{
	struct tls_session *s = mem_zalloc(sizeof(*s));
	BIO *bio = mem_check(BIO_new(bio_method()));

	s->fd = fd;
	s->ssl = mem_check(SSL_new(tls_context(tls)));
	BIO_set_data(bio, s);
	BIO_set_init(bio, 1);
	SSL_set_bio(s->ssl, bio, bio);
	SSL_set_ex_data(s->ssl, session_index, s);
	SSL_set_verify(s->ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, on_verify);
	SSL_set_accept_state(s->ssl);
	return s;
}

void tls_session_free(struct tls_session *s)
{
	if (!s)
		return;
	SSL_free(s->ssl);
	free(s->kept);
	free(s);
}

/* What a call that did not succeed means. */
static enum tls_result judge(struct tls_session *s, int result)
{
	switch (SSL_get_error(s->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		return TLS_WANT_READ;
	case SSL_ERROR_WANT_WRITE:
		return TLS_WANT_WRITE;
	case SSL_ERROR_ZERO_RETURN:
		s->has_ended = true;
		return TLS_EOF;
	}
	s->has_failed = true;
	if (s->has_ended)
		return TLS_EOF;
	if (!s->error[0])
		tls_words_session(s->error, sizeof(s->error), s->ssl);
	return TLS_FAILED;
}

enum tls_result tls_handshake(struct tls_session *s)
{
	enum tls_result verdict = TLS_OK;
	int result;

	if (s->has_failed)
		return s->has_ended ? TLS_EOF : TLS_FAILED;
	ERR_clear_error();
	result = SSL_do_handshake(s->ssl);
	if (result != 1)
		verdict = judge(s, result);
	push(s);
	if (verdict != TLS_OK)
		return verdict;
	s->is_through = true;
	s->has_name = tls_cert_name(SSL_get0_peer_certificate(s->ssl), s->name, sizeof(s->name));
	return TLS_OK;
}

/* --- bytes -------------------------------------------------------------------- */

enum tls_result tls_read(struct tls_session *s, void *p, size_t size, size_t *ret_n)
{
	enum tls_result verdict;
	size_t left, n;

	assert(s->is_through && size >= TLS_READ_MIN);
	*ret_n = 0;
	if (s->has_failed)
		return s->has_ended ? TLS_EOF : TLS_FAILED;
	ERR_clear_error();
	s->is_drained = s->has_ended;
	for (;;) {
		left = size - *ret_n;
		s->room = left > 2 * RECORD_SEALED ? left - 2 * RECORD_SEALED : 0;
		if (s->room > WINDOW)
			s->room = WINDOW;
		if (!SSL_read_ex(s->ssl, (uint8_t *) p + *ret_n, left, &n))
			break;
		*ret_n += n;
	}
	verdict = judge(s, 0);
	coming.start = coming.end = 0;
	push(s);
	return verdict == TLS_WANT_READ && *ret_n > 0 ? TLS_OK : verdict;
}

enum tls_result tls_write(struct tls_session *s, const void *p, size_t size, size_t *ret_n)
{
	enum tls_result verdict = TLS_OK;
	size_t chunk, n;

	assert(s->is_through);
	*ret_n = 0;
	if (s->has_failed)
		return s->has_ended ? TLS_EOF : TLS_FAILED;
	ERR_clear_error();
	if (tls_unsent(s) > 0)
		push(s);
	while (*ret_n < size && verdict == TLS_OK && tls_unsent(s) == 0 && !s->is_cut) {
		while (*ret_n < size && WINDOW - going.end >= 2 * RECORD_SEALED) {
			chunk = size - *ret_n < RECORD ? size - *ret_n : RECORD;
			if (!SSL_write_ex(s->ssl, (const uint8_t *) p + *ret_n, chunk, &n)) {
				verdict = judge(s, 0);
				break;
			}
			*ret_n += n;
		}
		push(s);
	}
	if (s->is_cut)
		return TLS_EOF;
	if (verdict != TLS_OK)
		return verdict;
	return *ret_n > 0 || size == 0 ? TLS_OK : TLS_WANT_WRITE;
}

size_t tls_unsent(const struct tls_session *s)
{
	return s->kept_end - s->kept_start;
}

void tls_shutdown(struct tls_session *s)
{
	if (!s->is_through || s->has_failed || s->is_cut)
		return;
	ERR_clear_error();
	SSL_shutdown(s->ssl);
	push(s);
}

/* --- what it is --------------------------------------------------------------- */

const char *tls_session_error(const struct tls_session *s)
{
	return s->error;
}

const char *tls_peer_name(const struct tls_session *s)
{
	return s->has_name ? s->name : NULL;
}

bool tls_peer_is(const struct tls_session *s, const char *name)
{
	return s->is_through && tls_cert_is_for(SSL_get0_peer_certificate(s->ssl), name);
}
