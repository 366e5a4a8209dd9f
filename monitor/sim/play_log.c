/* SPDX-License-Identifier: Apache-2.0 */
#include "play_log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

enum { NARROWEST = 8, FACT_LINE_MAX = 511 }; /* "scenario" fits */

void play_log_init(struct play_log *log, FILE *out, const struct settings *settings)
{
    *log = (struct play_log){out, NARROWEST};
    for (uint32_t p = 0; p < settings->elector_count; p++) {
        int width = (int)strlen(settings->electors[p].name);

        log->width = width > log->width ? width : log->width;
    }
}

void play_log_say(const struct play_log *log, msec_t at_ms, const char *who, const char *format,
                  ...)
{
    va_list args;

    if (log->out == NULL)
        return;
    fprintf(log->out, "%6" PRId64 ".%03" PRId64 "  %-*s  ", at_ms / 1000, at_ms % 1000, log->width,
            who);
    va_start(args, format);
    vfprintf(log->out, format, args);
    va_end(args);
    putc('\n', log->out);
}

void play_log_facts(const struct play_log *log, msec_t at_ms, const struct settings *settings,
                    uint32_t probe, const struct update *update)
{
    char line[FACT_LINE_MAX + 1];

    for (uint32_t i = 0; log->out != NULL && i < update->fact_count; i++) {
        fact_format(&update->facts[i], settings, line, sizeof(line));
        play_log_say(log, at_ms, settings->electors[probe].name, "%s", line);
    }
    if (log->out != NULL && update->facts_lost > 0)
        play_log_say(log, at_ms, settings->electors[probe].name, "%" PRIu32 " facts more",
                     update->facts_lost);
}

void play_log_action(const struct play_log *log, msec_t at_ms, const struct action *action)
{
    char line[SCENARIO_LINE_MAX + 1];

    if (log->out == NULL)
        return;
    action_format(action, line, sizeof(line));
    play_log_say(log, at_ms, "scenario", "%s", line);
}

void play_log_commit(const struct play_log *log, msec_t at_ms, const struct settings *settings,
                     uint32_t probe, const struct commit *commit)
{
    const struct decision *decision = &commit->decision;

    play_log_say(log, at_ms, "store", "committed group=%s epoch=%" PRIu64 " kind=%s of=%s: %s",
                 settings->groups[decision->group].name, decision->epoch,
                 decision_kind_name(decision->kind), settings->electors[probe].name,
                 decision->reason);
}

void play_log_batch(const struct play_log *log, msec_t at_ms, const struct settings *settings,
                    uint32_t probe, const struct batch *batch, bool shift, bool late)
{
    play_log_say(log, at_ms, "route53", "applied group=%s epoch=%" PRIu64 " of=%s%s%s",
                 settings->groups[batch->group].name, batch->epoch, settings->electors[probe].name,
                 shift ? " shift" : "", late ? " late" : "");
}

void play_log_alert(const struct play_log *log, msec_t at_ms, const struct settings *settings,
                    uint32_t probe, const struct alert *alert)
{
    play_log_say(log, at_ms, "readers", "%s %s of=%s: %s", severity_name(alert->severity),
                 alert->phase == ALERT_OPEN ? "alert" : "all clear", settings->electors[probe].name,
                 alert->subject);
}
