/* SPDX-License-Identifier: Apache-2.0 */
/* CSV of networks and demands.
 *
 *     node,0,berlin                    numbers count up from 0
 *     link,0,0,1,10000,1.5             number, two nodes, Mbit/s, weight
 *     tm,src,dst,mbps                  header of the demands, columns in any order
 *
 * Lines that start with # and empty ones do not count. What does not fit is an
 * error with its line; the first one ends the reading. */
#include "te_read.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "topo/arena.h"

enum { MAX_FIELDS = 32, MAX_NODES = 100000, MAX_LINKS = 1000000 };

struct reader {
	const char *path;
	unsigned line;
	FILE *file;
	char *text;                     /* owned: the line, cut into fields */
	size_t size;
	char *field[MAX_FIELDS];
	size_t n;
};

static bool __attribute__((format(printf, 2, 3))) wrong(const struct reader *r, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "%s:%u: error: ", r->path, r->line);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return false;
}

static bool start(struct reader *r, const char *path)
{
	*r = (struct reader) { .path = path, .file = fopen(path, "r") };
	if (!r->file)
		fprintf(stderr, "%s: error: cannot be read: %s\n", path, strerror(errno));
	return r->file != NULL;
}

static void finish(struct reader *r)
{
	free(r->text);
	fclose(r->file);
}

static char *strip(char *text)
{
	text += strspn(text, " \t");
	for (size_t len = strlen(text); len && strchr(" \t\r\n", text[len - 1]); len--)
		text[len - 1] = '\0';
	return text;
}

/* The next line that counts, as fields; quotes around a field go. False at the end. */
static bool next(struct reader *r)
{
	ssize_t len;

	while ((len = getline(&r->text, &r->size, r->file)) >= 0) {
		char *at = r->text;
		r->line++;
		if (r->line == 1 && !strncmp(at, "\xef\xbb\xbf", 3))
			at += 3;
		at = strip(at);
		if (!*at || *at == '#')
			continue;
		r->n = 0;
		for (bool more = true; more && r->n < MAX_FIELDS;) {
			char *end = *at == '"' ? strchr(at + 1, '"') : NULL;
			char *comma = strchr(end ? end : at, ',');
			more = comma != NULL;
			if (comma)
				*comma = '\0';
			if (end && at++)
				*end = '\0';
			r->field[r->n++] = strip(at);
			at = comma + 1;
		}
		return true;
	}
	return false;
}

static bool whole(const struct reader *r, size_t i, const char *what, uint32_t limit, uint32_t *ret_value)
{
	char *end;

	if (i >= r->n || !*r->field[i])
		return wrong(r, "%s is missing", what);
	errno = 0;
	unsigned long value = strtoul(r->field[i], &end, 10);
	if (*end || errno || r->field[i][0] < '0' || r->field[i][0] > '9')
		return wrong(r, "%s \"%.40s\" is not a number", what, r->field[i]);
	if (value >= limit)
		return wrong(r, "%s %lu is too large: there are %u", what, value, limit);
	*ret_value = (uint32_t) value;
	return true;
}

static bool amount(const struct reader *r, size_t i, const char *what, double *ret_value)
{
	char *end;

	if (i >= r->n || !*r->field[i])
		return wrong(r, "%s is missing", what);
	double value = strtod(r->field[i], &end);
	if (*end || end == r->field[i])
		return wrong(r, "%s \"%.40s\" is not a number", what, r->field[i]);
	if (!isfinite(value) || value < 0 || value > 1e15)
		return wrong(r, "%s must be from 0 to 1e15, not \"%.40s\"", what, r->field[i]);
	*ret_value = value;
	return true;
}

static bool read_node(struct te_data *d, const struct reader *r)
{
	uint32_t number;

	if (!whole(r, 1, "the node's number", MAX_NODES, &number))
		return false;
	if (number != d->n_nodes)
		return wrong(r, "node %u is out of order: %u is next", number, d->n_nodes);
	d->n_nodes++;
	return true;
}

static bool read_link(struct te_data *d, const struct reader *r)
{
	struct place_link link = {0};
	uint32_t number;

	if (!whole(r, 1, "the link's number", MAX_LINKS, &number) ||
	    !whole(r, 2, "the first node", d->n_nodes, &link.a) ||
	    !whole(r, 3, "the second node", d->n_nodes, &link.b) ||
	    !amount(r, 4, "the capacity", &link.mbps[0]) || !amount(r, 5, "the weight", &link.cost))
		return false;
	if (number != d->n_links)
		return wrong(r, "link %u is out of order: %zu is next", number, d->n_links);
	link.mbps[1] = link.mbps[0];
	if (d->n_links == d->max_links) {
		d->max_links = d->max_links * 2 + 64;
		d->links = xheap_realloc(d->links, d->max_links * sizeof *d->links);
	}
	d->links[d->n_links++] = link;
	return true;
}

bool te_read_topology(struct te_data *d, const char *path)
{
	struct reader r;
	bool good = true;

	if (!start(&r, path))
		return false;
	while (good && next(&r)) {
		if (!strcmp(r.field[0], "node"))
			good = read_node(d, &r);
		else if (!strcmp(r.field[0], "link"))
			good = read_link(d, &r);
		else
			good = wrong(&r, "a line starts with node or link, not \"%.40s\"", r.field[0]);
	}
	if (good && !d->n_nodes)
		good = wrong(&r, "there is no node");
	finish(&r);
	return good;
}

static struct te_matrix *matrix(struct te_data *d, const char *name)
{
	for (size_t i = d->n_matrices; i--;)
		if (!strcmp(d->matrices[i].name, name))
			return &d->matrices[i];
	d->matrices = xheap_realloc(d->matrices, (d->n_matrices + 1) * sizeof *d->matrices);
	struct te_matrix *m = &d->matrices[d->n_matrices++];
	*m = (struct te_matrix) {0};
	snprintf(m->name, sizeof m->name, "%s", name);
	return m;
}

enum { TM, SRC, DST, MBPS, N_COLUMNS };
static const char *const columns[N_COLUMNS] = {"tm", "src", "dst", "mbps"};

static bool read_header(const struct reader *r, size_t *ret_at)
{
	for (int c = 0; c < N_COLUMNS; c++) {
		size_t i = 0;
		while (i < r->n && strcmp(r->field[i], columns[c]))
			i++;
		if (i == r->n)
			return wrong(r, "the first line must name the column \"%s\"", columns[c]);
		ret_at[c] = i;
	}
	return true;
}

static bool read_demand(struct te_data *d, const struct reader *r, const size_t *at)
{
	struct place_demand demand;

	if (at[TM] >= r->n || !*r->field[at[TM]])
		return wrong(r, "the matrix is missing");
	if (strlen(r->field[at[TM]]) >= sizeof d->matrices->name)
		return wrong(r, "the name of the matrix is too long");
	if (!whole(r, at[SRC], "src", d->n_nodes, &demand.src) ||
	    !whole(r, at[DST], "dst", d->n_nodes, &demand.dst) || !amount(r, at[MBPS], "mbps", &demand.mbps))
		return false;
	struct te_matrix *m = matrix(d, r->field[at[TM]]);
	if (demand.src == demand.dst || !(demand.mbps > 0))
		return true;
	if (m->n == m->max) {
		m->max = m->max * 2 + 64;
		m->demands = xheap_realloc(m->demands, m->max * sizeof *m->demands);
	}
	m->demands[m->n++] = demand;
	return true;
}

bool te_read_demands(struct te_data *d, const char *path)
{
	size_t at[N_COLUMNS];
	struct reader r;

	if (!start(&r, path))
		return false;
	bool good = next(&r) ? read_header(&r, at) : wrong(&r, "there is no header");
	while (good && next(&r))
		good = read_demand(d, &r, at);
	if (good && !d->n_matrices)
		good = wrong(&r, "there is no demand");
	finish(&r);
	return good;
}

void te_uninit(struct te_data *d)
{
	for (size_t i = 0; i < d->n_matrices; i++)
		free(d->matrices[i].demands);
	free(d->matrices);
	free(d->links);
	*d = (struct te_data) {0};
}

const struct te_matrix *te_find(const struct te_data *d, const char *name)
{
	for (size_t i = 0; i < d->n_matrices; i++)
		if (!strcmp(d->matrices[i].name, name))
			return &d->matrices[i];
	return NULL;
}
