/* SPDX-License-Identifier: Apache-2.0 */
/* From profile to profile: each is a role on top of another one, or a base. Roles are noted as they
 * are met, the last to be assumed first, and turned round at the end. */
#include "credentials_plan.h"

#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "credentials_planner.h"
#include "result.h"
#include "sts.h"

int planner_fail(struct planner *planner, const char *format, ...)
{
    char text[CREDENTIALS_ERROR_MAX];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    text_escape(planner->error, planner->error_size, text, strlen(text));
    return -1;
}

const char *planner_variable(const struct planner *planner, const char *name)
{
    return planner->world->variable(planner->world->context, name);
}

const char *planner_either(const char *first, const char *second)
{
    return first[0] != '\0' ? first : second;
}

int planner_set(struct planner *planner, char *out, size_t size, const char *text, const char *name)
{
    if (strlen(text) >= size)
        return planner_fail(planner, "%s has %zu characters, at most %zu are allowed", name,
                            strlen(text), size - 1);
    snprintf(out, size, "%s", text);
    return 0;
}

/* ---- a profile ---- */

static const char *shown(const struct credentials_text *file)
{
    return file->path[0] != '\0' ? file->path : "(no home)";
}

static int read_file(struct planner *planner, const struct credentials_text *file,
                     enum credentials_file_kind kind, struct credentials_profile *profile)
{
    char why[256];

    memset(profile, 0, sizeof(*profile));
    if (file->text == NULL ||
        credentials_file_read(file->text, file->length, kind, planner->profile, profile, why,
                              sizeof(why)) == 0)
        return 0;
    return planner_fail(planner, "%s: %s", file->path, why);
}

static bool is_present(const struct planner *planner)
{
    return planner->shared->is_present || planner->config->is_present;
}

static bool has_keys(const struct planner *planner)
{
    return planner->shared->has_keys || planner->config->has_keys;
}

static bool is_first(const struct planner *planner)
{
    return planner->name_count == 1;
}

/* Why it is no source in the files; for people. */
static void note_tried(struct planner *planner)
{
    const struct credentials_world *world = planner->world;

    snprintf(planner->plan->tried, sizeof(planner->plan->tried),
             "%sprofile %s has no keys in %.300s or %.300s%s",
             planner->is_chosen ? "" : "AWS_ACCESS_KEY_ID is not set, ", planner->profile,
             shown(&world->shared), shown(&world->config),
             is_present(planner) ? "" : ", and stands in neither");
}

static int read_profile(struct planner *planner)
{
    const struct credentials_world *world = planner->world;

    if (read_file(planner, &world->shared, CREDENTIALS_FILE_SHARED, planner->shared) != 0 ||
        read_file(planner, &world->config, CREDENTIALS_FILE_CONFIG, planner->config) != 0)
        return -1;
    note_tried(planner);
    if (is_present(planner) || (is_first(planner) && !planner->is_chosen))
        return 0;
    if (is_first(planner))
        return planner_fail(planner, "no credentials: %s", planner->plan->tried);
    return planner_fail(planner, "source_profile %s of profile %s stands neither in %s nor in %s",
                        planner->profile, planner->names[planner->name_count - 2],
                        shown(&world->shared), shown(&world->config));
}

/* ---- roles ---- */

static int read_duration(struct planner *planner, unsigned *ret_seconds)
{
    const char *text = PLANNER_SAID(planner, duration_seconds);
    char *end;
    unsigned long seconds = strtoul(text, &end, 10);

    *ret_seconds = 0;
    if (text[0] == '\0')
        return 0;
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || seconds < STS_DURATION_MIN_S ||
        seconds > STS_DURATION_MAX_S)
        return planner_fail(planner, "profile %s: duration_seconds: allowed are 900 to 43200",
                            planner->profile);
    *ret_seconds = (unsigned)seconds;
    return 0;
}

static int read_hop(struct planner *planner, const char *arn, const char *session_name,
                    struct credentials_hop *ret_hop)
{
    struct sts_role role = {.arn = arn, .external_id = ""};
    char why[160];

    role.session_name = planner_either(session_name, planner->world->session_name);
    if (read_duration(planner, &role.duration_s) != 0)
        return -1;
    if (sts_check_role(&role, why, sizeof(why)) != 0)
        return planner_fail(planner, "profile %s: %s", planner->profile, why);
    if (planner_set(planner, ret_hop->arn, sizeof(ret_hop->arn), arn, "the role") != 0 ||
        planner_set(planner, ret_hop->session_name, sizeof(ret_hop->session_name),
                    role.session_name, "the name of the role's session") != 0)
        return -1;
    ret_hop->duration_s = role.duration_s;
    return 0;
}

static int push_hop(struct planner *planner)
{
    struct credentials_plan *plan = planner->plan;
    struct credentials_hop *hop = &plan->hops[plan->hop_count];

    if (plan->hop_count == CREDENTIALS_HOPS_MAX)
        return planner_fail(planner, "profile %s is more than %d roles deep", planner->names[0],
                            CREDENTIALS_HOPS_MAX);
    if (PLANNER_SAID(planner, mfa_serial)[0] != '\0')
        return planner_fail(planner,
                            "profile %s wants mfa_serial, a code that a person types at each "
                            "refresh: a daemon needs a role without it",
                            planner->profile);
    if (read_hop(planner, PLANNER_SAID(planner, role_arn), PLANNER_SAID(planner, role_session_name),
                 hop) != 0)
        return -1;
    snprintf(hop->external_id, sizeof(hop->external_id), "%s", PLANNER_SAID(planner, external_id));
    plan->hop_count++;
    return 0;
}

static void turn_round(struct credentials_plan *plan)
{
    for (unsigned i = 0; i < plan->hop_count / 2; i++) {
        struct credentials_hop *other = &plan->hops[plan->hop_count - 1 - i];
        struct credentials_hop hop = plan->hops[i];

        plan->hops[i] = *other;
        *other = hop;
    }
}

static int take_source(struct planner *planner, const char *source)
{
    snprintf(planner->plan->origin, sizeof(planner->plan->origin), "credential_source %s", source);
    if (strcmp(source, "Ec2InstanceMetadata") == 0)
        return planner_take_machine(planner);
    if (strcmp(source, "Environment") == 0) {
        if (planner_has_variables(planner))
            return planner_take_variables(planner);
        return planner_fail(planner,
                            "profile %s: credential_source Environment, and "
                            "AWS_ACCESS_KEY_ID is not set",
                            planner->profile);
    }
    if (strcmp(source, "EcsContainer") != 0)
        return planner_fail(planner,
                            "profile %s: credential_source: allowed are Environment, "
                            "Ec2InstanceMetadata, EcsContainer",
                            planner->profile);
    if (planner_has_container(planner))
        return planner_take_container(planner);
    return planner_fail(planner,
                        "profile %s: credential_source EcsContainer, and neither "
                        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor _FULL_URI is set",
                        planner->profile);
}

/* A profile may be its own source when it has keys; any other way round is endless. */
static int go_to(struct planner *planner, const char *name)
{
    for (unsigned i = 0; i < planner->name_count; i++) {
        bool is_own = strcmp(name, planner->profile) == 0 && has_keys(planner);

        if (strcmp(planner->names[i], name) == 0 && !is_own)
            return planner_fail(planner, "source_profile %s of profile %s comes back to itself",
                                name, planner->profile);
    }
    if (planner->name_count == CREDENTIALS_HOPS_MAX + 1)
        return planner_fail(planner, "profile %s is more than %d roles deep", planner->names[0],
                            CREDENTIALS_HOPS_MAX);
    snprintf(planner->profile, sizeof(planner->profile), "%s", name);
    snprintf(planner->names[planner->name_count++], sizeof(planner->names[0]), "%s", name);
    return 0;
}

/* 1: a profile to go on with; 0: a base was taken; -1. */
static int take_role(struct planner *planner)
{
    char next[CREDENTIALS_PROFILE_MAX + 1];
    const char *source = PLANNER_SAID(planner, credential_source);

    snprintf(next, sizeof(next), "%s", PLANNER_SAID(planner, source_profile));
    if (push_hop(planner) != 0)
        return -1;
    if ((next[0] != '\0') == (source[0] != '\0'))
        return planner_fail(planner,
                            "profile %s has role_arn and %s source_profile %s credential_source: "
                            "one of them must be there",
                            planner->profile, next[0] != '\0' ? "both" : "neither",
                            next[0] != '\0' ? "and" : "nor");
    if (source[0] != '\0')
        return take_source(planner, source);
    return go_to(planner, next) == 0 ? 1 : -1;
}

/* ---- bases ---- */

static int take_web(struct planner *planner, const char *token_file)
{
    bool is_environment = is_first(planner) && !planner->in_settings;
    const char *arn = is_environment ? planner_variable(planner, "AWS_ROLE_ARN") : "";
    const char *name = is_environment ? planner_variable(planner, "AWS_ROLE_SESSION_NAME") : "";
    struct credentials_plan *plan = planner->plan;

    plan->base = CREDENTIALS_BASE_WEB;
    arn = planner_either(arn, PLANNER_SAID(planner, role_arn));
    name = planner_either(name, PLANNER_SAID(planner, role_session_name));
    if (arn[0] == '\0')
        return planner_fail(planner,
                            "a web identity token file, and no role: set AWS_ROLE_ARN, or "
                            "role_arn of profile %s",
                            planner->profile);
    if (read_hop(planner, arn, name, &plan->web) != 0)
        return -1;
    return planner_set(planner, plan->token_file, sizeof(plan->token_file), token_file,
                       "the path of the web identity token");
}

static const char *find_web_token(const struct planner *planner)
{
    const char *file = is_first(planner) && !planner->in_settings
                           ? planner_variable(planner, "AWS_WEB_IDENTITY_TOKEN_FILE")
                           : "";

    return planner_either(file, PLANNER_SAID(planner, web_identity_token_file));
}

static void take_keys(struct planner *planner, const struct credentials_profile *profile)
{
    planner->plan->base = CREDENTIALS_BASE_KEYS;
    planner->plan->lease.keys = profile->keys;
}

/* What the files do not say. */
static int take_surroundings(struct planner *planner)
{
    if (!is_first(planner))
        return planner_fail(planner, "source_profile %s of profile %s has no credentials",
                            planner->profile, planner->names[planner->name_count - 2]);
    if (planner_has_container(planner)) {
        snprintf(planner->plan->origin, sizeof(planner->plan->origin), "the container");
        return planner_take_container(planner);
    }
    snprintf(planner->plan->origin, sizeof(planner->plan->origin), "the machine");
    return planner_take_machine(planner);
}

static int take_base(struct planner *planner)
{
    const char *token_file = find_web_token(planner);
    const char *command = PLANNER_SAID(planner, credential_process);
    const char *person =
        planner->shared->person != NULL ? planner->shared->person : planner->config->person;

    snprintf(planner->plan->origin, sizeof(planner->plan->origin), "profile %s", planner->profile);
    if (token_file[0] != '\0')
        return take_web(planner, token_file);
    if (person != NULL)
        return planner_fail(planner,
                            "profile %s has %s, by which a person signs in at a browser: a daemon "
                            "needs a role, keys or credential_process",
                            planner->profile, person);
    if (planner->shared->has_keys) {
        take_keys(planner, planner->shared);
    } else if (command[0] != '\0') {
        planner->plan->base = CREDENTIALS_BASE_PROCESS;
        snprintf(planner->plan->command, sizeof(planner->plan->command), "%s", command);
    } else if (planner->config->has_keys) {
        take_keys(planner, planner->config);
    } else {
        return take_surroundings(planner);
    }
    return 0;
}

/* ---- the whole ---- */

static int choose_profile(struct planner *planner)
{
    const char *name = planner->world->profile;

    planner->in_settings = name[0] != '\0';
    if (!planner->in_settings)
        name = planner_either(planner_variable(planner, "AWS_PROFILE"),
                              planner_variable(planner, "AWS_DEFAULT_PROFILE"));
    planner->is_chosen = name[0] != '\0';
    name = planner_either(name, "default");
    planner->name_count = 1;
    snprintf(planner->names[0], sizeof(planner->names[0]), "%s", name);
    return planner_set(planner, planner->profile, sizeof(planner->profile), name,
                       "the name of the profile");
}

static int take_region(struct planner *planner, const char *of_profile)
{
    const char *of_environment = planner_either(planner_variable(planner, "AWS_REGION"),
                                                planner_variable(planner, "AWS_DEFAULT_REGION"));

    return planner_set(planner, planner->plan->region, sizeof(planner->plan->region),
                       planner_either(of_environment, of_profile), "the region");
}

static int walk(struct planner *planner)
{
    int status = 1;

    while (status == 1) {
        bool is_role;

        if (read_profile(planner) != 0 ||
            (is_first(planner) && take_region(planner, PLANNER_SAID(planner, region)) != 0))
            return -1;
        is_role = PLANNER_SAID(planner, role_arn)[0] != '\0' &&
                  PLANNER_SAID(planner, web_identity_token_file)[0] == '\0' &&
                  (is_first(planner) || !has_keys(planner));
        status = is_role ? take_role(planner) : take_base(planner);
    }
    turn_round(planner->plan);
    return status;
}

static int make(struct planner *planner)
{
    if (choose_profile(planner) != 0)
        return -1;
    if (credentials_plan_needs_files(planner->world))
        return walk(planner);
    snprintf(planner->plan->origin, sizeof(planner->plan->origin), "the environment");
    if (take_region(planner, "") != 0)
        return -1;
    return planner_take_variables(planner);
}

bool credentials_plan_needs_files(const struct credentials_world *world)
{
    const struct planner planner = {.world = world};

    return world->profile[0] != '\0' || !planner_has_variables(&planner);
}

int credentials_plan_make(const struct credentials_world *world, struct credentials_plan *ret_plan,
                          char *error, size_t error_size)
{
    struct planner *planner = calloc(1, sizeof(*planner));
    struct credentials_profile *profiles = calloc(2, sizeof(*profiles));
    int status = -1;

    memset(ret_plan, 0, sizeof(*ret_plan));
    if (planner == NULL || profiles == NULL) {
        snprintf(error, error_size, "no memory to look for credentials");
        goto out;
    }
    *planner = (struct planner){.world = world,
                                .plan = ret_plan,
                                .shared = &profiles[0],
                                .config = &profiles[1],
                                .error = error,
                                .error_size = error_size};
    status = make(planner);
    if (status != 0)
        credentials_plan_wipe(ret_plan);
out:
    if (profiles != NULL) {
        credentials_profile_wipe(&profiles[0]);
        credentials_profile_wipe(&profiles[1]);
    }
    free(profiles);
    free(planner);
    return status;
}

void credentials_plan_wipe(struct credentials_plan *plan)
{
    OPENSSL_cleanse(plan, sizeof(*plan));
}
