/* SPDX-License-Identifier: Apache-2.0 */
/* credentials_planner.h: a plan of credentials_plan.h while it is being made. */
#ifndef REGIONSHIFT_CODEC_CREDENTIALS_PLANNER_H
#define REGIONSHIFT_CODEC_CREDENTIALS_PLANNER_H

#include "credentials_plan.h"

struct planner {
    const struct credentials_world *world;
    struct credentials_plan *plan;
    struct credentials_profile *shared; /* what both files say of the profile */
    struct credentials_profile *config;
    char profile[CREDENTIALS_PROFILE_MAX + 1];
    char names[CREDENTIALS_HOPS_MAX + 1][CREDENTIALS_PROFILE_MAX + 1]; /* the way to here */
    unsigned name_count;
    bool is_chosen;   /* by settings or AWS_PROFILE: then it must exist */
    bool in_settings; /* then the environment's own credentials are not meant */
    char *error;
    size_t error_size;
};

/* Writes the sentence, escaped. -1. */
__attribute__((format(printf, 2, 3))) int planner_fail(struct planner *planner, const char *format,
                                                       ...);

const char *planner_variable(const struct planner *planner, const char *name);

/* Copies, or fails by the name. */
int planner_set(struct planner *planner, char *out, size_t size, const char *text,
                const char *name);

/* The first that says something. */
const char *planner_either(const char *first, const char *second);

/* Of a profile in both files the shared one's word counts. */
#define PLANNER_SAID(planner, field)                                                               \
    planner_either((planner)->shared->field, (planner)->config->field)

/* The bases that the environment names. */
bool planner_has_variables(const struct planner *planner);
int planner_take_variables(struct planner *planner);
bool planner_has_container(const struct planner *planner);
int planner_take_container(struct planner *planner);
int planner_take_machine(struct planner *planner);

#endif
