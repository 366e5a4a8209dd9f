/* SPDX-License-Identifier: Apache-2.0 */
/* The idea: a program of the operator's is asked as Nagios asks its plugins: its exit says what it
 * thinks of the site, its first line why. A few run at once; the time of one that waits for its
 * turn has not begun, as waiting is our own matter, and waiting too long is void (V4).
 *
 *     exit 0  good             exit 126, 127   void: it, or what it calls, cannot be run
 *     exit 1  good, and told   another exit    bad
 *     exit 2  bad              a signal        void: the program is broken, or was ended here
 *     exit 3  void             the deadline    bad
 *
 * The check's assertion has the last word on the exits: one that holds makes any of them good. */
#include "attempt.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "child.h"
#include "plugin_output.h"

enum {
    OUTPUT_MAX = 64 * 1024,
    GRACE_MS = 1000, /* from SIGTERM to SIGKILL: to put away a lock, or a temporary file */
    ARGUMENTS_MAX = 64,
    VARIABLE_MAX = 256
};

/* Outlives its attempt when that ends first: a child needs some turns to be buried. */
struct program {
    TAILQ_ENTRY(program) link; /* in prober->programs, while it waits */
    struct prober *prober;
    struct attempt *attempt; /* NULL: nobody wants to know any more */
    struct child *child;     /* NULL: it waits */
};

/* ---- the end ---- */

static const char *word_of_exit(int code)
{
    static const char *const words[] = {"ok", "warning", "critical", "unknown"};

    if (code >= 0 && code < (int)(sizeof(words) / sizeof(words[0])))
        return words[code];
    return code == 126 || code == 127 ? "it, or what it calls, cannot be run" : "";
}

/* Who fails before it prints has said why to stderr. */
static void tell(const struct child_end *end, char *out, size_t size)
{
    struct plugin_output said;

    if (end->length > 0)
        plugin_output_parse(end->output, end->length, &said);
    else
        plugin_output_parse(end->errors, end->error_length, &said);
    plugin_output_tell(&said, out, size);
}

static void judge_exit(struct attempt *attempt, const struct child_end *end)
{
    const struct answer answer = {.has = SUBJECT_BIT(SUBJECT_EXIT) | SUBJECT_BIT(SUBJECT_BODY),
                                  .exit = end->code,
                                  .body = end->output,
                                  .body_length = end->length,
                                  .body_cut = end->cut};
    const char *word = word_of_exit(end->code);
    bool tells_nothing = end->code == 3 || end->code == 126 || end->code == 127;
    char said[RESULT_DETAIL_MAX + 1];
    char seen[RESULT_DETAIL_MAX + 1];
    int used;

    tell(end, said, sizeof(said));
    used =
        snprintf(seen, sizeof(seen), "exit %d%s%s", end->code, word[0] != '\0' ? ", " : "", word);
    snprintf(seen + used, sizeof(seen) - (size_t)used, "%s%.*s", said[0] != '\0' ? ": " : "",
             (int)sizeof(seen) - used - 3, said);
    attempt_judge_as(attempt, &answer, seen, said[0] != '\0' ? said : word,
                     tells_nothing ? RESULT_VOID : RESULT_BAD);
}

static void judge(struct attempt *attempt, const struct child_end *end)
{
    const char *path = attempt->check->of.command->argv[0];
    char name[RESULT_DETAIL_MAX / 2];
    char said[RESULT_DETAIL_MAX + 1];

    text_escape(name, sizeof(name), path, strlen(path));
    switch (end->outcome) {
    case CHILD_EXITED:
        judge_exit(attempt, end);
        return;
    case CHILD_SIGNALLED:
        tell(end, said, sizeof(said));
        attempt_end(attempt, RESULT_VOID, FAILURE_POLICY, "%s was ended by signal %d%s%s", name,
                    end->code, said[0] != '\0' ? ": " : "", said);
        return;
    case CHILD_NOT_STARTED:
        attempt_end(attempt, RESULT_VOID, FAILURE_POLICY,
                    "%s cannot be started: %s; look at its path, mode and interpreter", name,
                    uv_strerror(end->code));
        return;
    case CHILD_FLOODED:
        attempt_end(attempt, RESULT_VOID, FAILURE_POLICY,
                    "%s prints without an end: more than %d bytes", name, CHILD_FLOOD_MAX);
        return;
    case CHILD_LATE: /* the attempt watches the time, and wants to know nothing when it ended */
    case CHILD_STOPPED:
        break;
    }
    abort(); /* an end that nobody asked for */
}

static void start_next(struct prober *prober);

static void on_child_end(void *context, const struct child_end *end)
{
    struct program *program = context;
    struct attempt *attempt = program->attempt;
    struct prober *prober = program->prober;

    free(program);
    prober->program_count--;
    start_next(prober);
    if (attempt != NULL) {
        attempt->held = NULL;
        judge(attempt, end);
    }
    prober_release(prober);
}

/* ---- the start ---- */

/* Small and fixed: a program that works here works after a restart from anywhere; and nothing of
 * what we were started with, secrets among it, goes to it. */
static struct child *start_child(struct attempt *attempt, struct program *program)
{
    static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    static char language[] = "LANG=C.UTF-8";
    const struct check *check = attempt->check;
    const struct check_command *command = check->of.command;
    char site[VARIABLE_MAX];
    char region[VARIABLE_MAX];
    char name[VARIABLE_MAX];
    char *environment[] = {path, language, site, region, name, NULL};
    char *words[ARGUMENTS_MAX + 1];
    const struct child_options options = {.words = words,
                                          .environment = environment,
                                          .folder = "/",
                                          .output_max = OUTPUT_MAX,
                                          .cuts = true,
                                          .grace_ms = GRACE_MS};

    assert(command->argc > 0 && command->argc <= ARGUMENTS_MAX);
    memcpy(words, command->argv, (command->argc + 1) * sizeof(words[0])); /* libuv's type */
    snprintf(site, sizeof(site), "REGIONSHIFT_SITE=%s", command->site);
    snprintf(region, sizeof(region), "REGIONSHIFT_REGION=%s", command->region);
    snprintf(name, sizeof(name), "REGIONSHIFT_CHECK=%s", check->name);
    return child_start(attempt->prober->loop, &options, on_child_end, program);
}

static void start(struct program *program)
{
    struct attempt *attempt = program->attempt;

    attempt->phase = PHASE_ANSWER;
    attempt->prober->program_count++;
    attempt->prober->open_count++;
    program->child = start_child(attempt, program);
}

/* A place is free. */
static void start_next(struct prober *prober)
{
    struct program *program = TAILQ_FIRST(&prober->programs);

    if (program == NULL)
        return;
    TAILQ_REMOVE(&prober->programs, program, link);
    attempt_begin_time(program->attempt);
    start(program);
}

static void begin(struct attempt *attempt)
{
    struct program *program = prober_need(calloc(1, sizeof(*program)));

    program->prober = attempt->prober;
    program->attempt = attempt;
    attempt->held = program;
    if (attempt->prober->program_count < PROGRAMS_MAX) {
        start(program);
        return;
    }
    TAILQ_INSERT_TAIL(&attempt->prober->programs, program, link);
    attempt->due_ms += attempt->check->timeout_ms; /* what comes before is no deadline */
    attempt_wake(attempt, attempt->check->timeout_ms);
}

static void on_wake(struct attempt *attempt)
{
    attempt->result.late_ms = (prober_now_us() - attempt->asked_us) / 1000;
    attempt_end(
        attempt, RESULT_VOID, FAILURE_POLICY,
        "not begun: %d programs run already, for %lld ms; ask less often, or give each less "
        "time",
        PROGRAMS_MAX, (long long)attempt->check->timeout_ms);
}

/* The attempt ended first: the program is told to end, and then made to. */
static void release(struct attempt *attempt)
{
    struct program *program = attempt->held;

    if (program == NULL)
        return;
    attempt->held = NULL;
    program->attempt = NULL;
    if (program->child != NULL) {
        child_stop(program->child);
        return;
    }
    TAILQ_REMOVE(&program->prober->programs, program, link);
    free(program);
}

static const char *doing(const struct attempt *attempt)
{
    (void)attempt;
    return "the program runs";
}

const struct attempt_kind kind_command = {
    .needs_address = false,
    .begin = begin,
    .on_wake = on_wake,
    .release = release,
    .doing = doing,
};
