/* SPDX-License-Identifier: Apache-2.0 */
/* inspect.h: what freezing and the cross-checks share: the settings, the file they came from, and
 * the report. Private to monitor/settings. */
#ifndef REGIONSHIFT_SETTINGS_INSPECT_H
#define REGIONSHIFT_SETTINGS_INSPECT_H

#include <libconfig.h>

#include "draft.h"
#include "report.h"

/* Bits of the file's keys, in the order of settings_schema. A cross-check runs only when the
 * sections it looks at broke no rule of the schema. */
enum section {
    SECTION_PROBE = 1 << 0,
    SECTION_QUORUM = 1 << 1,
    SECTION_STORE = 1 << 2,
    SECTION_CHECKS = 1 << 3,
    SECTION_SERVICES = 1 << 4,
    SECTION_GROUPS = 1 << 5,
    SECTION_LIMITS = 1 << 6,
    SECTION_AWS = 1 << 7,
    SECTION_ALERTS = 1 << 8,
    SECTION_ALERTING = 1 << 9,
    SECTION_HTTP = 1 << 10,
    SECTION_HISTORY = 1 << 11,
    SECTION_HEALTH_CHECKS = 1 << 12
};

/* An assertion, owned, and the first of the checks that share it; NULL: it is not to be shared. */
struct known_assertion {
    struct assertion *assertion;
    const struct check *check;
};

/* The public settings first, so that one is found from the other. */
struct frozen {
    struct settings settings;
    struct draft draft;
    struct settings_arena *written; /* where the draft's lists are; NULL: it was forgotten */
    struct check *checks;           /* of the settings */
    struct known_assertion *assertions;
    uint32_t assertion_count;
    bool with_secrets;
};

struct crosscheck;

struct inspection {
    struct frozen *frozen;
    const struct settings *settings; /* of frozen */
    const struct draft *draft;       /* of frozen */
    const config_t *config;
    struct settings_report *report;
    unsigned tainted;
    const struct crosscheck *current; /* names the complaints */
};

/* A relation between options that no single range can express. */
struct crosscheck {
    const char *name;
    bool is_warning;
    unsigned needs;     /* sections */
    const char *reason; /* one sentence: what goes wrong otherwise */
    void (*run)(struct inspection *in);
};

extern const struct crosscheck crosschecks[];
extern const size_t crosscheck_count;

/* Complains in the name of the current cross-check. */
void inspect_complain(struct inspection *in, struct place place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Complains by a name of its own. */
void inspect_error(struct inspection *in, const char *name, struct place place, const char *format,
                   ...) __attribute__((format(printf, 4, 5)));

/* Runs every cross-check whose sections are sound. */
void inspect_all(struct inspection *in);

/* Places of things by their index in the settings; key may be "" for the thing itself. */
struct place place_of_elector(uint32_t elector, const char *key);
struct place place_of_service(uint32_t service, const char *key);
struct place place_of_site(const struct settings *settings, uint32_t site, const char *key);
/* A record: the service itself for its own, else its member of `also`; so for a set of a site. */
struct place place_of_record(const struct settings *settings, uint32_t record, const char *key);
struct place place_of_set(const struct settings *settings, uint32_t set, const char *key);
struct place place_of_check(const struct settings *settings, uint32_t check, const char *key);
struct place place_of_group(uint32_t group, const char *key);
struct place place_of_sink(uint32_t sink, const char *key);

#endif
