/* SPDX-License-Identifier: Apache-2.0 */
/* Which bad result began it is known only when the move is decided: of every check the beginning of
 * its present bad run is kept, and the earliest one in the region that is left is the trouble. Only
 * those whose votes were the evidence are asked: a probe that was cut off an hour ago has an older
 * story, which is its own. */
#include "course.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static msec_t *make(size_t count)
{
    msec_t *times = malloc((count > 0 ? count : 1) * sizeof(*times));

    assert(times != NULL);
    for (size_t i = 0; i < count; i++)
        times[i] = -1;
    return times;
}

void course_init(struct course *course, const struct world *world)
{
    const struct settings *settings = world_settings(world);

    *course = (struct course){.trouble_ms = -1,
                              .detected_ms = -1,
                              .decided_ms = -1,
                              .accepted_ms = -1,
                              .check_count = settings->check_count,
                              .site_count = settings->site_count,
                              .probe_count = settings->elector_count};
    course->bad_ms = make((size_t)course->probe_count * course->check_count);
    course->down_ms = make((size_t)course->probe_count * course->site_count);
}

void course_clear(struct course *course)
{
    free(course->bad_ms);
    free(course->down_ms);
}

/* A process that begins has seen nothing yet. */
static void forget(struct course *course, uint32_t probe)
{
    for (uint32_t i = 0; i < course->check_count; i++)
        course->bad_ms[probe * course->check_count + i] = -1;
    for (uint32_t i = 0; i < course->site_count; i++)
        course->down_ms[probe * course->site_count + i] = -1;
}

static void note_result(struct course *course, const struct world *world, uint32_t probe,
                        const struct event_result *event)
{
    msec_t *bad_ms = &course->bad_ms[probe * course->check_count + event->check];

    if (event->result->class == RESULT_GOOD)
        *bad_ms = -1;
    else if (event->result->class == RESULT_BAD && *bad_ms < 0)
        *bad_ms = world_now(world);
}

void course_stepped(struct course *course, const struct world *world, uint32_t probe,
                    const struct event *event, const struct update *update)
{
    if (course->decided_ms >= 0)
        return;
    if (event->kind == EVENT_START)
        forget(course, probe);
    else if (event->kind == EVENT_RESULT)
        note_result(course, world, probe, &event->result);
    for (uint32_t i = 0; i < update->fact_count; i++) {
        const struct fact *fact = &update->facts[i];

        if (fact->code == FACT_AGREEMENT)
            course->down_ms[probe * course->site_count + fact->site] =
                strcmp(fact->word, agreement_state_name(AGREED_DOWN)) == 0 ? world_now(world) : -1;
    }
}

static void keep_earlier(msec_t *earliest_ms, msec_t at_ms)
{
    if (at_ms >= 0 && (*earliest_ms < 0 || at_ms < *earliest_ms))
        *earliest_ms = at_ms;
}

/* The site's part of what its region's end looks like from one probe. */
static void look_back(struct course *course, const struct settings *settings, uint32_t probe,
                      uint32_t site)
{
    const struct site *s = &settings->sites[site];

    keep_earlier(&course->detected_ms, course->down_ms[probe * course->site_count + site]);
    for (uint32_t c = s->first_check; c < s->first_check + s->check_count; c++) {
        if (settings_check_counts(settings, c))
            keep_earlier(&course->trouble_ms, course->bad_ms[probe * course->check_count + c]);
    }
}

void course_committed(struct course *course, const struct world *world, const struct commit *commit)
{
    const struct settings *settings = world_settings(world);
    const struct decision *decision = &commit->decision;
    const struct group *group = &settings->groups[decision->group];

    if (course->decided_ms >= 0 || decision->kind != DECISION_LEAVE || decision->regions_left == 0)
        return;
    course->decided_ms = world_now(world);
    course->group = decision->group;
    course->epoch = decision->epoch;
    for (uint32_t p = 0; p < course->probe_count && decision->order[0] == '\0'; p++) {
        if (!(decision->voters >> p & 1) || world_liar(world, p))
            continue;
        for (uint32_t k = 0; k < group->site_count; k++) {
            if (decision->regions_left >> settings->sites[group->sites[k]].region & 1)
                look_back(course, settings, p, group->sites[k]);
        }
    }
}

void course_accepted(struct course *course, const struct world *world, const struct batch *batch,
                     bool shift)
{
    if (course->accepted_ms < 0 && course->decided_ms >= 0 && shift &&
        batch->group == course->group && batch->epoch >= course->epoch)
        course->accepted_ms = world_now(world);
}
