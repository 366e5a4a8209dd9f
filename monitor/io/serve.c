/* SPDX-License-Identifier: Apache-2.0 */
/* Joins the daemon and its control: what there is to see, looked at afresh for each request. */
#include "control.h"

#include "daemon_state.h"

static void look(void *context, struct control_sources *ret_sources)
{
    struct daemon *daemon = context;

    *ret_sources = (struct control_sources){.settings = daemon->settings,
                                            .engine = daemon->engine,
                                            .board = daemon->board,
                                            .zones = daemon->zones,
                                            .latches = daemon->latches,
                                            .route53 = daemon->route53,
                                            .readiness = daemon->readiness,
                                            .health = daemon->health,
                                            .alerts = daemon->alerts,
                                            .history = daemon->history,
                                            .rollups = daemon->rollups,
                                            .pushes = daemon->pushes,
                                            .dry_run = daemon->options.dry_run};
    ret_sources->stats = daemon->stats;
    ret_sources->stats.turns = loop_turns(daemon->loop);
}

int serve_start(struct daemon *daemon, char *error, size_t error_size)
{
    struct control_hooks hooks = {
        .look = look, .context = daemon, .teller = {perform_tell, perform_now, daemon}};

    return control_create(&daemon->uv, daemon->settings, &hooks, &daemon->control, error,
                          error_size);
}
