/* SPDX-License-Identifier: Apache-2.0 */
/* check_sim: the program behind `make check-sim`. Plays the named regressions, then a range of
 * seeds, on all cores; what failed is told with the line that repeats it. Arguments are the words
 * that make takes:
 *
 *     SEEDS=A..B   which seeds (A: one); default 1..CI_SEEDS
 *     HOURS=N      simulated hours of a safety run; default 1
 *     MODE=M       safety, liveness, pairs, or all (a safety run for each seed, a liveness run for
 *                  every second, a pair of runs for every fifth)
 *     JOBS=N       workers; default: one for each core
 *     FAILURES=N   stops after so many; default 10
 *     PLAY=FILE    only this scenario, under the .conf next to it; TRACE=1: with the log of all
 *     SOURCE=DIR   where the tree is; COMMIT=NAME: what it is called in reports
 *
 * Told to end (SIGINT, SIGTERM), it ends the seeds that are playing and sums up what was played.
 * The exit status is 1 then: not all that was asked for was played.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sim_runs.h"

enum {
    CI_SEEDS = 1500,
    JOBS_MAX = 256,
    FAILURES_ENOUGH = 10, /* then it stops: the first ones tell enough */
    PROGRESS_EVERY_MS = 500,
    EXIT_USAGE = 2
};

struct arguments {
    uint64_t first;
    uint64_t last;
    uint32_t jobs;
    uint32_t failures; /* so many, and it stops */
    const char *play;
    bool trace;
    struct sim_options options;
};

/* Shared by the workers. */
struct shared {
    struct sim_tally tally;
    _Atomic uint64_t next;              /* seed */
    _Atomic uint64_t playing[JOBS_MAX]; /* seed, by worker: told when it dies */
    _Atomic bool ended;                 /* by a signal */
};

static volatile sig_atomic_t told_to_end;

/* ---- arguments ---- */

static int read_number(const char *text, uint64_t *ret_value)
{
    char *end = NULL;

    errno = 0;
    *ret_value = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || text[0] == '-')
        return -1;
    return *ret_value <= INT64_MAX ? 0 : -1; /* as `regionshift simulate --seed` takes it */
}

static int read_seeds(const char *text, struct arguments *arguments)
{
    const char *dots = strstr(text, "..");
    char first[32];

    if (dots == NULL)
        return read_number(text, &arguments->first) < 0 ? -1 : read_number(text, &arguments->last);
    if ((size_t)(dots - text) >= sizeof(first))
        return -1;
    memcpy(first, text, (size_t)(dots - text));
    first[dots - text] = '\0';
    if (read_number(first, &arguments->first) < 0 || read_number(dots + 2, &arguments->last) < 0)
        return -1;
    return arguments->first <= arguments->last ? 0 : -1;
}

static int read_mode(const char *text, enum sim_mode *ret_mode)
{
    for (uint32_t i = 0; i < SIM_MODE_COUNT; i++) {
        if (strcmp(text, sim_mode_names[i]) == 0) {
            *ret_mode = (enum sim_mode)i;
            return 0;
        }
    }
    return -1;
}

static int read_small(const char *text, uint64_t most, uint32_t *ret_value)
{
    uint64_t value = 0;

    if (read_number(text, &value) < 0 || value == 0 || value > most)
        return -1;
    *ret_value = (uint32_t)value;
    return 0;
}

static int read_play(const char *file, const char **ret_play)
{
    size_t length = strlen(file);

    if (length <= strlen(".scn") || strcmp(file + length - strlen(".scn"), ".scn") != 0)
        return -1;
    *ret_play = file;
    return 0;
}

/* One "KEY=VALUE"; an empty value is none, as make passes a variable that is not set. */
static int read_argument(const char *word, struct arguments *arguments)
{
    const char *value = strchr(word, '=');
    size_t length = value == NULL ? 0 : (size_t)(value - word);

    if (value == NULL)
        return -1;
    value++;
    if (*value == '\0')
        return 0;
#define IS(key) (length == strlen(key) && strncmp(word, key, length) == 0)
    if (IS("SEEDS"))
        return read_seeds(value, arguments);
    if (IS("HOURS"))
        return read_small(value, 1000, &arguments->options.hours);
    if (IS("MODE"))
        return read_mode(value, &arguments->options.mode);
    if (IS("FAILURES"))
        return read_small(value, 1000000, &arguments->failures);
    if (IS("JOBS"))
        return read_small(value, JOBS_MAX, &arguments->jobs);
    if (IS("PLAY"))
        return read_play(value, &arguments->play);
    if (IS("TRACE"))
        arguments->trace = true;
    else if (IS("SOURCE"))
        arguments->options.source = value;
    else if (IS("COMMIT"))
        arguments->options.commit = value;
    else
        return -1;
#undef IS
    return 0;
}

/* ---- workers ---- */

static void note_end(int number)
{
    (void)number;
    told_to_end = 1;
}

/* The workers inherit it, for a terminal tells all: the parent ends them. */
static void hear_signals(void)
{
    const struct sigaction action = {.sa_handler = note_end, .sa_flags = SA_RESTART};

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

static bool is_enough(const struct arguments *arguments, struct shared *shared)
{
    return atomic_load(&shared->ended) ||
           atomic_load(&shared->tally.failures) >= arguments->failures;
}

/* What a run has to say is said in one piece, whoever else is speaking. */
static void say(const char *text, size_t length)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

    (void)fcntl(STDOUT_FILENO, F_SETLKW, &lock); /* refused on a pipe: then a write is whole */
    while (length > 0) {
        ssize_t n = write(STDOUT_FILENO, text, length);
        if (n < 0 && errno != EINTR)
            break;
        text += n > 0 ? n : 0;
        length -= n > 0 ? (size_t)n : 0;
    }
    lock.l_type = F_UNLCK;
    (void)fcntl(STDOUT_FILENO, F_SETLK, &lock);
}

static void play_seed(struct sim_runs *runs, uint64_t seed)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);

    if (out == NULL)
        abort();
    sim_runs_seed(runs, seed, out);
    fclose(out);
    say(text, length);
    free(text);
}

static void work(const struct arguments *arguments, struct shared *shared, uint32_t worker)
{
    struct sim_runs *runs = sim_runs_create(&arguments->options, &shared->tally);

    while (runs != NULL && !is_enough(arguments, shared)) {
        uint64_t seed = atomic_fetch_add(&shared->next, 1);
        if (seed > arguments->last)
            break;
        atomic_store(&shared->playing[worker], seed);
        play_seed(runs, seed);
    }
    sim_runs_destroy(runs);
    _exit(runs == NULL ? EXIT_FAILURE : EXIT_SUCCESS);
}

static int64_t clock_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static uint64_t runs_of(struct shared *shared)
{
    uint64_t runs = 0;

    for (uint32_t i = 0; i < SIM_MODE_COUNT; i++)
        runs += atomic_load(&shared->tally.runs[i]);
    return runs;
}

static void show_progress(const struct arguments *arguments, struct shared *shared)
{
    uint64_t seed = atomic_load(&shared->next);

    if (!isatty(STDERR_FILENO))
        return;
    fprintf(stderr,
            "\r%" PRIu64 " of %" PRIu64 " seeds, %" PRIu64 " runs, %" PRIu64 " h, %" PRIu64
            " failures ",
            (seed > arguments->last ? arguments->last + 1 : seed) - arguments->first,
            arguments->last - arguments->first + 1, runs_of(shared),
            atomic_load(&shared->tally.simulated_s) / 3600, atomic_load(&shared->tally.failures));
}

/* A worker that died was playing something: an assertion of the engine, perhaps. */
static void judge_end(const struct arguments *arguments, struct shared *shared, uint32_t worker,
                      int status)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return;
    printf("FAILED seed %" PRIu64 " commit %s: the worker ended with %s %d\n"
           "repeat: make check-sim SEEDS=%" PRIu64 " MODE=%s HOURS=%" PRIu32 " JOBS=1\n\n",
           atomic_load(&shared->playing[worker]), arguments->options.commit,
           WIFSIGNALED(status) ? "signal" : "status",
           WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
           atomic_load(&shared->playing[worker]), sim_mode_names[arguments->options.mode],
           arguments->options.hours);
    fflush(stdout);
    atomic_fetch_add(&shared->tally.failures, 1);
}

static void wait_for(const struct arguments *arguments, struct shared *shared, const pid_t *workers)
{
    uint32_t left = arguments->jobs;

    while (left > 0) {
        int status = 0;
        pid_t ended = waitpid(-1, &status, WNOHANG);

        if (ended == 0) {
            const struct timespec pause = {0, PROGRESS_EVERY_MS * 1000000L / 10};
            show_progress(arguments, shared);
            nanosleep(&pause, NULL);
            if (told_to_end)
                atomic_store(&shared->ended, true);
            continue;
        }
        for (uint32_t i = 0; i < arguments->jobs; i++) {
            if (workers[i] == ended)
                judge_end(arguments, shared, i, status);
        }
        left--;
    }
}

static void work_together(const struct arguments *arguments, struct shared *shared)
{
    pid_t workers[JOBS_MAX];

    fflush(stdout);
    for (uint32_t i = 0; i < arguments->jobs; i++) {
        workers[i] = fork();
        if (workers[i] < 0) {
            perror("check-sim: fork");
            exit(EXIT_FAILURE);
        }
        if (workers[i] == 0)
            work(arguments, shared, i);
    }
    wait_for(arguments, shared, workers);
    if (isatty(STDERR_FILENO))
        fputc('\n', stderr);
}

/* ---- the end ---- */

static double cpu_s(void)
{
    struct rusage usage;

    getrusage(RUSAGE_CHILDREN, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void sum_up(const struct arguments *arguments, struct shared *shared, int64_t began_ms)
{
    struct sim_tally *tally = &shared->tally;
    double hours = (double)atomic_load(&tally->simulated_s) / 3600;
    double steps = (double)atomic_load(&tally->steps);
    double cpu = cpu_s();
    uint64_t next = atomic_load(&shared->next);

    printf("%" PRIu64 " safety runs, %" PRIu64 " liveness runs, %" PRIu64
           " runs in pairs; %.0f engine steps, %" PRIu64 " moves\n",
           atomic_load(&tally->runs[SIM_SAFETY]), atomic_load(&tally->runs[SIM_LIVENESS]),
           atomic_load(&tally->runs[SIM_PAIRS]), steps, atomic_load(&tally->moves));
    printf("%.0f steps/s and %.0f simulated hours per hour of one core; %.1f s on %" PRIu32
           " cores\n",
           cpu > 0 ? steps / cpu : 0, cpu > 0 ? hours / cpu * 3600 : 0,
           (double)(clock_ms() - began_ms) / 1000, arguments->jobs);
    printf("check-sim: %.0f h, %" PRIu64 " violations, seeds %" PRIu64 "..%" PRIu64
           ", mode %s, commit %s%s\n",
           hours, atomic_load(&tally->failures), arguments->first,
           next > arguments->last ? arguments->last : next - 1,
           sim_mode_names[arguments->options.mode], arguments->options.commit,
           is_enough(arguments, shared) ? " (stopped early)" : "");
}

/* ---- named regressions ---- */

/* Each was found by a seed once; it is played first. Returns how many fail. */
static uint32_t play_regressions(struct sim_runs *runs, const char *source)
{
    char pattern[512];
    glob_t found;
    uint32_t failed = 0;

    snprintf(pattern, sizeof(pattern), "%s/tests/sim/regressions/*.scn", source);
    if (glob(pattern, 0, NULL, &found) != 0)
        return 0;
    for (size_t i = 0; i < found.gl_pathc; i++)
        failed += !sim_runs_file(runs, found.gl_pathv[i], stdout, NULL);
    printf("%zu regressions, %" PRIu32 " failed\n", found.gl_pathc, failed);
    globfree(&found);
    return failed;
}

static bool play_files(const struct arguments *arguments, struct shared *shared)
{
    struct sim_runs *runs = sim_runs_create(&arguments->options, &shared->tally);
    bool good;

    if (runs == NULL)
        exit(EXIT_FAILURE);
    if (arguments->play != NULL) {
        good = sim_runs_file(runs, arguments->play, stdout, arguments->trace ? stdout : NULL);
        if (good)
            printf("%s: held\n", arguments->play);
    } else {
        good = play_regressions(runs, arguments->options.source) == 0;
    }
    sim_runs_destroy(runs);
    return good;
}

static uint32_t core_count(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    return cores < 1 ? 1 : cores > JOBS_MAX ? JOBS_MAX : (uint32_t)cores;
}

int main(int argc, char **argv)
{
    struct arguments arguments = {.first = 1,
                                  .last = CI_SEEDS,
                                  .jobs = core_count(),
                                  .failures = FAILURES_ENOUGH,
                                  .options = {.hours = 1, .source = ".", .commit = "unknown"}};
    struct shared *shared =
        mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int64_t began_ms = clock_ms();
    bool good;

    for (int i = 1; i < argc; i++) {
        if (read_argument(argv[i], &arguments) < 0) {
            fprintf(stderr,
                    "check-sim: %s; allowed: SEEDS=A..B HOURS=1..1000 "
                    "MODE=all|safety|liveness|pairs JOBS=1..%d FAILURES=N PLAY=FILE.scn TRACE=1\n",
                    argv[i], JOBS_MAX);
            return EXIT_USAGE;
        }
    }
    if (shared == MAP_FAILED) {
        perror("check-sim: mmap");
        return EXIT_FAILURE;
    }
    good = play_files(&arguments, shared);
    if (arguments.play != NULL)
        return good ? EXIT_SUCCESS : EXIT_FAILURE;
    atomic_store(&shared->next, arguments.first);
    hear_signals();
    work_together(&arguments, shared);
    sum_up(&arguments, shared, began_ms);
    good = good && atomic_load(&shared->tally.failures) == 0 && !atomic_load(&shared->ended);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
