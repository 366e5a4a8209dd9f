/* SPDX-License-Identifier: Apache-2.0 */
/* check.h: checks made by hand: what was looked at, and what was seen.
 *
 *     check.c       the command: which checks, and the exit status
 *     check_url.c   settings with one check, of a URL
 *     check_make.c  makes them, with the daemon's own prober
 *     check_show.c  explains them to people; check_words.c has the sentences
 *     check_bar.c   phases as bars
 *     check_json.c  the same for programs */
#ifndef REGIONSHIFT_CTL_CHECK_H
#define REGIONSHIFT_CTL_CHECK_H

#include "account.h"
#include "ctl.h"
#include "rollups.h"
#include "settings.h"

enum { EXPECTED_MAX = 1024, SENT_MAX = 400, CONCLUSION_MAX = 400 };

/* One check. Of one that was not made only check, label and why are filled. */
struct looked {
    const struct check *check;
    char label[CHECK_LABEL_MAX + 1];
    bool is_made;
    char why[200]; /* it was not made */
    struct result result;
    struct account account;
};

struct look {
    const struct settings *settings;
    bool is_url; /* not a site of a settings file */
    struct looked *checks;
    uint32_t count;
};

/* ---- check_url.c ---- */

/* Settings that hold one check, of the URL. Returns -1, or the exit code when it is wrong, which
 * has been said. */
int check_settings_of_url(const struct arguments *arguments, struct settings **ret_settings);

/* ---- check_make.c ---- */

/* Makes each check once, all at the same time, and waits for what comes of them. -1, or an exit
 * code, and why has been said. */
int check_make(struct look *look);

/* What became of a check. That of a group follows from its members, where all of them were looked
 * at; RESULT_VOID where nothing can be said. */
enum result_class check_class(const struct look *look, const struct looked *looked);

/* ---- check_words.c ---- */

const char *class_word(enum result_class class);

/* What goes out, in a line; values of headers may be secrets, and are left out. */
void check_sent(const struct check *check, char out[SENT_MAX]);

/* What a probe would make of such a result (V1, V2). */
void check_conclusion(const struct look *look, const struct looked *looked,
                      char out[CONCLUSION_MAX]);

/* ---- check_bar.c ---- */

/* A line for each phase that was reached. The total of one side of several begins after the name
 * was resolved. */
void check_bars(const struct timings *timings, bool is_side);

/* ---- check_show.c, check_json.c ---- */

void check_show(const struct look *look);
void check_show_json(const struct look *look);

#endif
