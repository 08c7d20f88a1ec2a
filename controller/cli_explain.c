/* SPDX-License-Identifier: Apache-2.0 */
/* explain: the verdict first, then why and what to do, then the way. For somebody who has
 * been woken up: what passes takes one line, what does not is told in full. */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "controller/cli.h"
#include "controller/cli_table.h"
#include "controller/client.h"

struct wish {
	const char *from, *to, *protocol, *size, *as;
	bool ovs, probe, one_way;
};

static bool is_text(const json_t *object, const char *key, const char *text)
{
	return !strcmp(client_text(object, key), text);
}

static void print_verdict(const struct cli *cli, bool is_reachable)
{
	cli_print_color(cli, is_reachable ? CLI_GREEN : CLI_RED, is_reachable ? "REACHABLE" : "BLOCKED");
}

/* --- who -------------------------------------------------------------------------------------- */

static void add_word(char *line, size_t size, const char *word)
{
	size_t n = strlen(line);
	if (*word && n < size)
		snprintf(line + n, size - n, "%s%s", n ? ", " : "", word);
}

static void print_end(const json_t *end, size_t width)
{
	char line[400] = "", word[200];
	const char *sw = client_text(end, "switch"), *port = client_text(end, "port");
	if (*sw && *port) {
		snprintf(word, sizeof word, "%s:%s", sw, port);
		add_word(line, sizeof line, word);
	}
	if (json_is_integer(json_object_get(end, "tag"))) {
		snprintf(word, sizeof word, "tag %lld", client_number(end, "tag"));
		add_word(line, sizeof line, word);
	}
	if (*client_text(end, "vtep")) {
		snprintf(word, sizeof word, "behind VTEP %s", client_text(end, "vtep"));
		add_word(line, sizeof line, word);
	}
	if (*client_text(end, "network")) {
		snprintf(word, sizeof word, "network %s", client_text(end, "network"));
		add_word(line, sizeof line, word);
	}
	add_word(line, sizeof line, client_text(end, "ip"));
	add_word(line, sizeof line, client_text(end, "ip6"));
	add_word(line, sizeof line, client_text(end, "mac"));
	printf("  %-*s  ", (int) width, client_text(end, "asked"));
	cli_print_text(stdout, *line ? line : "not known");
	putchar('\n');
}

/* --- the way ------------------------------------------------------------------------------------ */

static const char *state_text(const char *state)
{
	static const struct { const char *state, *text; } texts[] = {
		{ "want", "not on the switch yet" }, { "going", "on its way out" }, { "changing", "being changed" },
		{ "refused", "refused by the switch" }, { "blocked", "a row of others is in its place" },
		{ "missing", "and the switch does not have it: another hand took it away, weftd will put it back" },
	};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (!strcmp(texts[i].state, state))
			return texts[i].text;
	return state;
}

static void print_step(const struct cli *cli, const json_t *step, const char *file, const char *before, size_t width)
{
	const char *sw = client_text(step, "switch"), *state = client_text(step, "state");
	bool is_row = *state != '\0';
	printf("    %-*s  ", (int) width, strcmp(sw, before) ? sw : "");
	cli_print_text(stdout, client_text(step, "text"));
	if (json_is_integer(json_object_get(step, "line")))
		printf(" (%s:%lld)", file, client_number(step, "line"));
	if (is_row && json_is_integer(json_object_get(step, "packets"))) {
		long long n = client_number(step, "packets");
		printf(", %lld packet%s%s", n, n == 1 ? "" : "s", json_is_true(json_object_get(step, "live")) ? "" : " at the last reading");
	}
	if (is_row && strcmp(state, "have"))
		printf(", %s", state_text(state));
	if (json_is_true(json_object_get(step, "last"))) {
		printf("  ");
		cli_print_color(cli, CLI_RED, "<- ends here");
	}
	putchar('\n');
}

static void print_steps(const struct cli *cli, const json_t *leg, const char *file)
{
	const json_t *steps = json_object_get(leg, "steps"), *step;
	const char *before = "";
	size_t i, width = 0;
	json_array_foreach(steps, i, step)
		if (strlen(client_text(step, "switch")) > width)
			width = strlen(client_text(step, "switch"));
	json_array_foreach(steps, i, step) {
		if (!json_is_true(json_object_get(step, "shown")))
			continue;
		print_step(cli, step, file, before, width);
		before = client_text(step, "switch");
	}
}

static void print_traces(const json_t *leg)
{
	const json_t *trace;
	size_t i;
	json_array_foreach(json_object_get(leg, "traces"), i, trace)
		printf("    on %s:\n      %s\n", client_text(trace, "switch"), client_text(trace, "command"));
}

static bool has_row(const json_t *leg, const char *end)
{
	const json_t *step;
	size_t i;
	json_array_foreach(json_object_get(leg, "steps"), i, step) {
		const char *row = client_text(step, "row");
		if (strlen(row) > strlen(end) && !strcmp(row + strlen(row) - strlen(end), end))
			return true;
	}
	return false;
}

/* ARP, ND and answers that pass take a line or none. */
static void print_leg(const struct cli *cli, const json_t *leg, const char *file, const struct wish *wish)
{
	bool passes = is_text(leg, "verdict", "passes"), is_request = is_text(leg, "name", "request");
	bool is_reply = is_text(leg, "name", "reply");
	if (passes && !is_request && !is_reply && !wish->ovs && strcmp(client_text(leg, "name"), wish->protocol ? wish->protocol : ""))
		return;
	printf("  %s, %s: %s\n", client_text(leg, "name"), client_text(leg, "frame"),
	       !passes ? "does not pass" : is_reply && has_row(leg, "-reply") ? "passes, as the answer to what was allowed" : "passes");
	if (!passes || !is_reply)
		print_steps(cli, leg, file);
	if (wish->ovs)
		print_traces(leg);
}

static void print_causes(const json_t *causes, const char *before, const char *indent)
{
	const json_t *cause;
	size_t i;
	json_array_foreach(causes, i, cause) {
		printf("%s", before);
		cli_print_text(stdout, client_text(cause, "text"));
		printf("\n%s", indent);
		cli_print_text(stdout, client_text(cause, "cure"));
		putchar('\n');
	}
}

/* Both ways the same wall, and no frame came far enough to tell more. */
static bool are_alike(const json_t *a, const json_t *b)
{
	return json_equal(json_object_get(a, "causes"), json_object_get(b, "causes")) && json_array_size(json_object_get(a, "causes"))
		&& !json_array_size(json_object_get(a, "legs")) && !json_array_size(json_object_get(b, "legs"));
}

static void print_direction(const struct cli *cli, const json_t *d, const json_t *answer, const struct wish *wish)
{
	const json_t *leg;
	size_t i;
	putchar('\n');
	cli_print_text(stdout, client_text(d, "from"));
	printf(" begins, ");
	cli_print_text(stdout, client_text(d, "to"));
	printf(" answers: ");
	print_verdict(cli, is_text(d, "verdict", "reachable"));
	putchar('\n');
	print_causes(json_object_get(d, "causes"), "  ", "    -> ");
	json_array_foreach(json_object_get(d, "legs"), i, leg)
		print_leg(cli, leg, client_text(answer, "file"), wish);
}

/* --- a probe -------------------------------------------------------------------------------------- */

static void print_probe(const json_t *probe)
{
	const char *verdict = client_text(probe, "verdict");
	if (!json_is_object(probe))
		return;
	printf("\nprobe: %lld frames the first way: ", client_number(probe, "frames"));
	if (!strcmp(verdict, "delivered"))
		printf("every row on the way counted them, the last one on %s\n", client_text(probe, "came_to"));
	else if (!strcmp(verdict, "dropped"))
		printf("they came to %s and ended there, as explained\n", client_text(probe, "came_to"));
	else if (*client_text(probe, "came_to"))
		printf("not all rows on the way counted them; the last that did, on %s: %s\n", client_text(probe, "came_to"),
		       client_text(probe, "row"));
	else
		printf("no row on the way counted them\n");
	if (json_is_true(json_object_get(probe, "others")))
		printf("  other traffic is in these counters too\n");
	if (strcmp(verdict, "lost"))
		return;
	const json_t *row;
	size_t i;
	json_array_foreach(json_object_get(probe, "rows"), i, row)
		printf("    %s %s %s: %lld, then %lld\n", client_text(row, "switch"), client_text(row, "table"), client_text(row, "row"),
		       client_number(row, "before"), client_number(row, "after"));
}

/* --- the whole -------------------------------------------------------------------------------------- */

/* "BLOCKED one way: tcp/443 from vm-web to vm-a; from vm-a to vm-web it passes" */
static void print_head(const struct cli *cli, const json_t *answer, const struct wish *wish)
{
	const json_t *directions = json_object_get(answer, "directions");
	bool there = is_text(json_array_get(directions, 0), "verdict", "reachable");
	bool back = is_text(json_array_get(directions, 1), "verdict", "reachable");
	const char *a = wish->as ? client_text(json_array_get(directions, 0), "from") : client_text(json_object_get(answer, "from"), "asked"), *b = client_text(json_object_get(answer, "to"), "asked");
	const char *protocol = client_text(answer, "protocol");
	char line[1000];
	print_verdict(cli, there && (back || wish->one_way));
	if (wish->one_way)
		snprintf(line, sizeof line, ": %s from %s to %s", protocol, a, b);
	else if (there != back)
		snprintf(line, sizeof line, " one way: %s from %s to %s; from %s to %s it passes", protocol, there ? b : a, there ? a : b,
			 there ? a : b, there ? b : a);
	else
		snprintf(line, sizeof line, "%s: %s and %s, %s", there ? " both ways" : "", a, b, protocol);
	cli_print_text(stdout, line);
	putchar('\n');
}

static void print_answer(const struct cli *cli, const json_t *answer, const struct wish *wish)
{
	const json_t *directions = json_object_get(answer, "directions");
	const json_t *from = json_object_get(answer, "from"), *to = json_object_get(answer, "to");
	size_t width = strlen(client_text(from, "asked")), other = strlen(client_text(to, "asked"));
	print_head(cli, answer, wish);
	print_end(from, width > other ? width : other);
	print_end(to, width > other ? width : other);
	if (are_alike(json_array_get(directions, 0), json_array_get(directions, 1))) {
		print_causes(json_object_get(json_array_get(directions, 0), "causes"), "\n  ", "    -> ");
	} else {
		print_direction(cli, json_array_get(directions, 0), answer, wish);
		if (!wish->one_way)
			print_direction(cli, json_array_get(directions, 1), answer, wish);
	}
	if (json_array_size(json_object_get(answer, "notes")))
		putchar('\n');
	print_causes(json_object_get(answer, "notes"), "note: ", "    -> ");
	print_probe(json_object_get(answer, "probe"));
}

static int ask(const struct cli *cli, const struct wish *wish)
{
	char from[300], to[300], protocol[100], size[40], as[100], probe[] = "probe=1";
	char *words[6] = { from, to };
	int n = 2;
	snprintf(from, sizeof from, "from=%s", wish->from);
	snprintf(to, sizeof to, "to=%s", wish->to);
	if (wish->protocol) {
		snprintf(protocol, sizeof protocol, "protocol=%s", wish->protocol);
		words[n++] = protocol;
	}
	if (wish->size) {
		snprintf(size, sizeof size, "size=%s", wish->size);
		words[n++] = size;
	}
	if (wish->as) {
		snprintf(as, sizeof as, "as=%s", wish->as);
		words[n++] = as;
	}
	if (wish->probe)
		words[n++] = probe;
	struct client_reply reply;
	char *target = client_target("/v1/explain", n, words);
	bool is_there = target && client_call(cli->run_dir, target, NULL, 0, &reply);
	free(target);
	if (!is_there)
		return CLI_ERROR;
	json_t *answer = json_loadb(reply.body, reply.size, 0, NULL);
	int code = CLI_ERROR;
	if (reply.code >= 400 || !answer) {
		client_say_error(&reply);
	} else {
		const json_t *directions = json_object_get(answer, "directions");
		struct wish told = *wish;
		told.one_way |= json_array_size(directions) == 1;
		const json_t *judged = told.one_way ? json_array_get(directions, 0) : answer;
		code = is_text(judged, "verdict", "reachable") ? CLI_OK : CLI_BLOCKED;
		if (cli->json)
			fwrite(reply.body, 1, reply.size, stdout);
		else
			print_answer(cli, answer, &told);
	}
	json_decref(answer);
	client_reply_free(&reply);
	return code;
}

int cli_explain(const struct cli *cli, int argc, char **argv)
{
	struct wish wish = { 0 };
	const char **words[] = { &wish.from, &wish.to, &wish.protocol };
	size_t n = 0;
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--ovs"))
			wish.ovs = true;
		else if (!strcmp(argv[i], "--probe"))
			wish.probe = true;
		else if (!strcmp(argv[i], "--one-way"))
			wish.one_way = true;
		else if (!strcmp(argv[i], "--size") && i + 1 < argc)
			wish.size = argv[++i];
		else if (!strncmp(argv[i], "--size=", 7))
			wish.size = argv[i] + 7;
		else if (!strcmp(argv[i], "--as") && i + 1 < argc)
			wish.as = argv[++i];
		else if (!strncmp(argv[i], "--as=", 5))
			wish.as = argv[i] + 5;
		else if (argv[i][0] == '-')
			return cli_bad_usage(argv[0], "it takes --one-way, --ovs, --probe, --as MAC|IP and --size BYTES");
		else if (n == 3)
			return cli_bad_usage(argv[0], "too many words");
		else
			*words[n++] = argv[i];
	}
	if (n < 2)
		return cli_bad_usage(argv[0], "name two: ports, switch:port, MAC or IP addresses");
	return ask(cli, &wish);
}
