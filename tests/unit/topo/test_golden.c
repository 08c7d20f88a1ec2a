/* SPDX-License-Identifier: Apache-2.0 */
/* Golden cases: tests/golden/topo/NAME.yaml, what is found in it (NAME.findings)
 * and what becomes of it (NAME.model, when there is no error). With WEFT_GOLDEN
 * set to "write" the results are written instead of compared: `make golden`. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "topo/arena.h"
#include "topo/net.h"

struct answer {
	char *findings, *model;         /* model: null when there are errors */
};

static bool seen[N_DIAG_CODES];

static const char *folder(void)
{
	static char path[4096];
	const char *top = getenv("WEFT_TOP");

	snprintf(path, sizeof path, "%s/tests/golden/topo", top ? top : ".");
	return path;
}

static char *read_file(const char *path, size_t *ret_len)
{
	FILE *in = fopen(path, "rb");

	if (!in)
		return NULL;
	fseek(in, 0, SEEK_END);
	long len = ftell(in);
	rewind(in);
	char *text = xheap_alloc((size_t) len + 1);
	assert_int_equal(fread(text, 1, (size_t) len, in), len);
	fclose(in);
	*ret_len = (size_t) len;
	return text;
}

static char *print_model(const struct net *net)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	net_print(net, out);
	fclose(out);
	return text;
}

static struct answer examine(const char *name, const char *text, size_t len)
{
	struct diag *diag = diag_new(name);
	struct net *net = net_parse(name, text, len, diag);
	struct answer answer = {.model = net ? print_model(net) : NULL};
	size_t size;
	FILE *out = open_memstream(&answer.findings, &size);

	diag_print(diag, out);
	fclose(out);
	for (size_t i = 0; i < diag_n_findings(diag); i++)
		seen[diag_finding(diag, i)->code] = true;
	assert_int_equal(net == NULL, diag_n_errors(diag) > 0);
	net_free(net);
	diag_free(diag);
	return answer;
}

/* What is printed must read as the same: no error, and the same print. */
static void check_stable(const char *name, const char *model)
{
	struct diag *diag = diag_new(name);
	struct net *net = net_parse(name, model, strlen(model), diag);

	if (!net) {
		diag_print(diag, stderr);
		fail_msg("%s: its model does not parse:\n%s", name, model);
	}
	char *again = print_model(net);
	assert_string_equal(model, again);
	free(again);
	net_free(net);
	diag_free(diag);
}

static bool compare(const char *path, const char *got)
{
	size_t len;
	char *want = read_file(path, &len);
	bool is_same = want ? got && !strcmp(want, got) : !got;

	if (!is_same)
		fprintf(stderr, "%s: expected\n%s\ngot\n%s\n", path, want ? want : "(no file)",
			got ? got : "(nothing)");
	free(want);
	return is_same;
}

static void rewrite(const char *path, const char *got)
{
	if (!got) {
		unlink(path);
		return;
	}
	FILE *out = fopen(path, "wb");
	assert_non_null(out);
	fputs(got, out);
	fclose(out);
}

static bool run_case(const char *name)
{
	bool is_writing = getenv("WEFT_GOLDEN") && !strcmp(getenv("WEFT_GOLDEN"), "write");
	char path[4096 + 512], yaml[300];
	bool is_good = true;
	size_t len;

	snprintf(yaml, sizeof yaml, "%s.yaml", name);
	snprintf(path, sizeof path, "%s/%s.yaml", folder(), name);
	char *text = read_file(path, &len);
	assert_non_null(text);
	struct answer answer = examine(yaml, text, len);
	if (answer.model)
		check_stable(yaml, answer.model);
	for (int i = 0; i < 2; i++) {
		const char *got = i ? answer.model : answer.findings;

		snprintf(path, sizeof path, "%s/%s.%s", folder(), name, i ? "model" : "findings");
		if (is_writing)
			rewrite(path, got);
		else
			is_good &= compare(path, got);
	}
	free(answer.findings);
	free(answer.model);
	free(text);
	return is_good;
}

static void test_cases(void **state)
{
	DIR *dir = opendir(folder());
	struct dirent *entry;
	int n = 0, n_bad = 0;

	(void) state;
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		char *dot = strrchr(entry->d_name, '.');

		if (!dot || strcmp(dot, ".yaml"))
			continue;
		*dot = '\0';
		n_bad += !run_case(entry->d_name);
		n++;
	}
	closedir(dir);
	assert_int_equal(n_bad, 0);
	assert_true(n >= 30);
}

/* A code without a case is a message that nobody has read. */
static void test_every_code_has_a_case(void **state)
{
	(void) state;
	for (int i = 0; i < N_DIAG_CODES; i++)
		if (!seen[i] && i != DIAG_IO && i != DIAG_MORE)
			fail_msg("no golden case shows %s", diag_code_info((enum diag_code) i)->code);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_every_code_has_a_case),
	};

	return cmocka_run_group_tests_name("golden", tests, NULL, NULL);
}
