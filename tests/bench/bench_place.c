/* SPDX-License-Identifier: Apache-2.0 */
/* Places the demands of one matrix on a network, both from CSV files.
 *
 * stdout: src,dst,share,link;link;... one line per active path. stderr: what it
 * came to, one `key value` a line; times are CPU time in milliseconds. With
 * --cut the network is whole first, then the links go: first the standbys carry
 * what stood on them, then a new plan starts from what runs. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "te_read.h"
#include "te_repair.h"
#include "te_series.h"

enum { MAX_CUTS = 64 };

static const char usage[] =
	"usage: bench_place TOPO.csv DEM.csv TM [--unrounded] [--cut LINK]...\n"
	"       bench_place TOPO.csv DEM.csv --series GOAL [--step SECONDS]\n"
	"                   [--flat] [--paths N] [--slots N] [--tolerance PART] [--work N] [--repeat N] [--quiet]\n"
	"  --unrounded      shares as they come from the search, any number of paths\n"
	"  --cut LINK       plan, then take the link away, and print the plan after that\n"
	"  --series GOAL    all matrices in turn, moving only what must be moved\n"
	"  --step SECONDS   between two of them (300)\n"
	"  --flat           the same number of paths and slots for each pair, elephants too\n"
	"  --paths N        of a pair (4)         --slots N  of a pair (16)\n"
	"  --tolerance PART proved gap at which the search ends (0.01)\n"
	"  --work N         stop after N arcs were looked at\n"
	"  --repeat N       plan N times, show the shortest time\n"
	"  --quiet          no placement on stdout\n";

struct arguments {
	const char *topology, *demands, *matrix;
	uint32_t cuts[MAX_CUTS], n_cuts, repeat;
	double goal, step;              /* of a series; goal 0 = a single matrix */
	bool quiet;
	struct place_options options;
};

static double cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double) t.tv_sec * 1e3 + (double) t.tv_nsec / 1e6;
}

static bool number(const char *text, double least, double most, double *ret_value)
{
	char *end;
	double value = strtod(text, &end);

	if (*end || end == text || !(value >= least && value <= most)) {
		fprintf(stderr, "bench_place: error: \"%s\" is not a number from %g to %g\n", text, least, most);
		return false;
	}
	*ret_value = value;
	return true;
}

static bool parse(int argc, char **argv, struct arguments *a)
{
	static const struct option long_options[] = {
		{"unrounded", no_argument, NULL, 'u'}, {"cut", required_argument, NULL, 'c'},
		{"flat", no_argument, NULL, 'f'}, {"paths", required_argument, NULL, 'p'},
		{"slots", required_argument, NULL, 's'}, {"tolerance", required_argument, NULL, 't'},
		{"work", required_argument, NULL, 'w'}, {"repeat", required_argument, NULL, 'r'},
		{"quiet", no_argument, NULL, 'q'}, {"series", required_argument, NULL, 'g'},
		{"step", required_argument, NULL, 'd'}, {0},
	};
	double value;
	int c;

	*a = (struct arguments) { .options = place_defaults(), .repeat = 1, .step = 300 };
	while ((c = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		switch (c) {
		case 'u': a->options.unrounded = true; break;
		case 'f': a->options.elephant = 1e9; break;
		case 'q': a->quiet = true; break;
		case 'c':
			if (a->n_cuts == MAX_CUTS || !number(optarg, 0, 1e6, &value))
				return false;
			a->cuts[a->n_cuts++] = (uint32_t) value;
			break;
		case 'p':
			if (!number(optarg, 1, PLACE_MAX_SLOTS, &value))
				return false;
			a->options.max_paths = (uint32_t) value;
			break;
		case 's':
			if (!number(optarg, 1, PLACE_MAX_SLOTS, &value))
				return false;
			a->options.max_slots = (uint32_t) value;
			break;
		case 't':
			if (!number(optarg, 1e-4, 1, &a->options.tolerance))
				return false;
			break;
		case 'w':
			if (!number(optarg, 1, 1e18, &value))
				return false;
			a->options.work = (uint64_t) value;
			break;
		case 'r':
			if (!number(optarg, 1, 1000, &value))
				return false;
			a->repeat = (uint32_t) value;
			break;
		case 'g':
			if (!number(optarg, 1e-6, 1e6, &a->goal))
				return false;
			break;
		case 'd':
			if (!number(optarg, 0.001, 1e9, &a->step))
				return false;
			break;
		default:
			fputs(usage, stderr);
			return false;
		}
	if (argc - optind != (a->goal > 0 ? 2 : 3)) {
		fputs(usage, stderr);
		return false;
	}
	a->topology = argv[optind];
	a->demands = argv[optind + 1];
	a->matrix = a->goal > 0 ? NULL : argv[optind + 2];
	return true;
}

static struct placement *plan(const struct place_job *job, uint32_t repeat, double *ret_ms)
{
	struct placement *p = NULL;

	*ret_ms = 1e300;
	for (uint32_t i = 0; i < repeat; i++) {
		place_free(p);
		double start = cpu_ms();
		p = place_plan(job);
		double ms = cpu_ms() - start;
		*ret_ms = ms < *ret_ms ? ms : *ret_ms;
	}
	return p;
}

static void show(const struct placement *p, double ms)
{
	fprintf(stderr, "u %.9g\nbound %.9g\nms %.2f\nu_unrounded %.9g\necmp %.9g\nrounds %u\nwork %llu\n",
		p->u, p->bound, ms, p->u_unrounded, p->u_ecmp, p->n_rounds, (unsigned long long) p->work);
	if (p->n_unreachable)
		fprintf(stderr, "unreachable %zu\n", p->n_unreachable);
	if (p->cut_short)
		fprintf(stderr, "cut_short 1\n");
}

static void print(const struct placement *p)
{
	for (size_t i = 0; i < p->n_pairs; i++)
		for (uint32_t k = 0; k < p->pairs[i].n_active; k++) {
			const struct place_path *path = &p->pairs[i].paths[k];
			printf("%u,%u,%.9g,", p->pairs[i].src, p->pairs[i].dst, path->share);
			for (uint32_t n = 0; n < path->n_arcs; n++)
				printf("%s%u", n ? ";" : "", path->arcs[n] / 2);
			putchar('\n');
		}
}

/* The links go; what runs is repaired, then planned again. Takes the plan. */
static struct placement *replan(struct place_job *job, struct te_data *data, const struct arguments *a,
				struct placement *running)
{
	double ms;

	for (uint32_t i = 0; i < a->n_cuts; i++)
		data->links[a->cuts[i]].down = true;
	struct te_repaired repaired = te_repair(job, running);
	fprintf(stderr, "repaired_u %.9g\nlost_mbps %.6f\n", repaired.u, repaired.lost_mbps);
	job->running = running;
	struct placement *p = plan(job, a->repeat, &ms);
	fprintf(stderr, "warm_ms %.2f\nmoved %.6f\nchanged %zu\n", ms,
		p->total_mbps > 0 ? p->moved_mbps / p->total_mbps : 0, p->n_changed);
	place_free(running);
	return p;
}

static int run(struct te_data *data, const struct arguments *a)
{
	if (!te_read_topology(data, a->topology) || !te_read_demands(data, a->demands))
		return 1;
	if (a->goal > 0) {
		te_series(data, &a->options, a->goal, (uint64_t) (a->step * 1000));
		return 0;
	}
	const struct te_matrix *m = te_find(data, a->matrix);
	if (!m) {
		fprintf(stderr, "%s: error: there is no matrix \"%s\"; it has", a->demands, a->matrix);
		for (size_t i = 0; i < data->n_matrices; i++)
			fprintf(stderr, " %s", data->matrices[i].name);
		fputc('\n', stderr);
		return 1;
	}
	for (uint32_t i = 0; i < a->n_cuts; i++)
		if (a->cuts[i] >= data->n_links) {
			fprintf(stderr, "%s: error: there is no link %u to cut; there are %zu\n", a->topology, a->cuts[i],
				data->n_links);
			return 1;
		}
	struct place_job job = {
		.n_nodes = data->n_nodes,
		.links = data->links,
		.n_links = data->n_links,
		.demands = m->demands,
		.n_demands = m->n,
		.options = a->options,
	};
	double ms;
	struct placement *p = plan(&job, a->repeat, &ms);
	if (a->n_cuts) {
		fprintf(stderr, "whole_u %.9g\n", p->u);
		p = replan(&job, data, a, p);
	}
	show(p, ms);
	if (!a->quiet)
		print(p);
	place_free(p);
	return 0;
}

int main(int argc, char **argv)
{
	struct te_data data = {0};
	struct arguments a;

	if (!parse(argc, argv, &a))
		return 1;
	int status = run(&data, &a);
	te_uninit(&data);
	if (fflush(stdout) || ferror(stdout)) {
		fputs("bench_place: error: the placement could not be written\n", stderr);
		return 1;
	}
	return status;
}
