/* SPDX-License-Identifier: Apache-2.0 */
/* regionshift simulate --sweep: what a setting costs, in false moves and in seconds (sweep.h). */
#include <stdio.h>

#include "../sim/sweep.h"
#include "simulate.h"

static void on_progress(void *context, uint32_t done, uint32_t total)
{
    (void)context;
    simulate_progress("combination %u of %u", done + 1, total);
}

static int read_spec(const char *spec, struct sweep **ret_sweep)
{
    char error[SWEEP_ERROR_MAX + 1] = "";

    if (sweep_parse(spec, ret_sweep, error, sizeof(error)) == 0)
        return 0;
    fprintf(stderr, "regionshift: --sweep %s: %s\n", spec, error);
    return CODE_USAGE;
}

static int work_out(const struct simulation *simulation, struct sweep *sweep)
{
    char error[SWEEP_ERROR_MAX + 1] = "";
    int rc =
        sweep_run(sweep, simulation->text, simulation->length, simulation->file,
                  (uint64_t)simulation->arguments->seed, on_progress, NULL, error, sizeof(error));

    simulate_progress("%s", "");
    if (rc < 0) {
        fprintf(stderr, "%s\n", error);
        return CODE_USAGE;
    }
    if (simulation->arguments->json)
        sweep_print_json(sweep, stdout);
    else
        sweep_print(sweep, stdout);
    return sweep_rows(sweep) > 0 ? CODE_GOOD : CODE_FAILED;
}

int simulate_sweep(struct simulation *simulation)
{
    struct sweep *sweep = NULL;
    int code = read_spec(simulation->arguments->sweep, &sweep);

    if (code == 0 && sweep_needs_settings(sweep))
        code = simulate_read_settings(simulation);
    if (code == 0)
        code = work_out(simulation, sweep);
    sweep_destroy(sweep);
    return code;
}
