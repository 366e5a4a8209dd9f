/* SPDX-License-Identifier: Apache-2.0 */
/* The idea: what is late through our own fault is void, never a failure (V4), so we have to know
 * what of an attempt's time was ours. Two things tell.
 *
 * A pulse beats each PULSE_MS; how late it comes is for how long the whole loop stood still,
 * because the machine did not let us run or because something of ours held it up.
 *
 * And what comes for an attempt while the loop serves others lies unread. Nobody knows since when,
 * so it is taken to have come as soon as it could: right after we were told last what has come.
 *
 *     told       busy with others        asked, told    busy      we look
 *      |.............................................|.............|
 *                       ? it came here, at any time, or before it we slept: then not before that
 *
 * The time lost so is given back to the attempt before its deadline is judged, up to LATE_MAX_MS;
 * who has lost more cannot be judged. An endpoint that says nothing loses nothing by our reading
 * late: however busy we are, it is told as silent. */
#include "attempt.h"

enum {
    SLEPT_MIN_US = 1000,    /* the loop's own clock has milliseconds */
    WAIT_MIN_US = 2 * 1000, /* ... so less than this may be nothing */
    WAITS_MAX = 8           /* handshake, question and answer come in no more pieces */
};

/* ---- standing still ---- */

static msec_t pulse_lateness(const struct prober *prober)
{
    msec_t late_ms = prober_now_ms() - prober->last_pulse_ms - PULSE_MS;

    return late_ms > PULSE_GRACE_MS ? late_ms : 0;
}

/* For how long we have stood still, altogether. */
static msec_t lag(const struct prober *prober)
{
    return prober->lag_ms + pulse_lateness(prober);
}

static void on_pulse(uv_timer_t *timer)
{
    struct prober *prober = timer->data;

    prober->lag_ms = lag(prober);
    prober->last_pulse_ms = prober_now_ms();
}

/* The pulse beats only while something is in flight. */
void lateness_count_running(struct prober *prober, int change)
{
    bool was_idle = prober->running_count == 0;

    prober->running_count = (unsigned)((int)prober->running_count + change);
    if (was_idle) {
        prober->last_pulse_ms = prober_now_ms();
        uv_timer_start(&prober->pulse, on_pulse, PULSE_MS, PULSE_MS);
    } else if (prober->running_count == 0) {
        uv_timer_stop(&prober->pulse);
    }
}

/* ---- lying unread ---- */

static void on_before_poll(uv_prepare_t *prepare)
{
    struct prober *prober = prepare->data;

    prober->asked_us = prober_now_us();
}

/* The loop notes the time when it is told something, and keeps it while it acts on that. */
static usec_t told_now_us(const struct prober *prober)
{
    return (usec_t)uv_now(prober->loop) * 1000;
}

void lateness_end_turn(struct prober *prober)
{
    prober->told_us = told_now_us(prober);
}

usec_t lateness_since(const struct prober *prober)
{
    usec_t told_us = told_now_us(prober);
    bool has_slept = told_us > prober->asked_us + SLEPT_MIN_US; /* so nothing lay there before */

    return has_slept ? told_us : prober->told_us;
}

/* What came before we looked into it last has been read then. Only some looks count: who dribbles
 * for as long as we wait would gather so much of our time that it is never judged. */
void lateness_look(struct attempt *attempt, usec_t since_us)
{
    usec_t now_us = prober_now_us();

    if (since_us < attempt->looked_us)
        since_us = attempt->looked_us;
    if (now_us - since_us >= WAIT_MIN_US && attempt->wait_count < WAITS_MAX) {
        attempt->waited_us += now_us - since_us;
        attempt->wait_count++;
    }
    attempt->looked_us = now_us;
}

/* ---- of one attempt ---- */

void lateness_begin(struct attempt *attempt)
{
    attempt->lag_before_ms = lag(attempt->prober);
    attempt->looked_us = attempt->begun_us;
    attempt->waited_us = 0;
    attempt->wait_count = 0;
    attempt->given_back_ms = 0;
}

/* While we stand still what comes lies unread, too: the same time is not lost twice. */
msec_t lateness_lost(const struct attempt *attempt)
{
    msec_t lag_ms = lag(attempt->prober) - attempt->lag_before_ms;
    msec_t waited_ms = attempt->waited_us / 1000;

    return lag_ms > waited_ms ? lag_ms : waited_ms;
}

msec_t lateness_owed(const struct attempt *attempt)
{
    msec_t lost_ms = lateness_lost(attempt);

    return lost_ms > LATE_MAX_MS ? 0 : lost_ms - attempt->given_back_ms;
}

/* ---- opening ---- */

void lateness_open(struct prober *prober)
{
    uv_timer_init(prober->loop, &prober->pulse);
    uv_prepare_init(prober->loop, &prober->before_poll);
    prober->pulse.data = prober;
    prober->before_poll.data = prober;
    prober->asked_us = prober_now_us();
    prober->told_us = prober->asked_us;
    uv_prepare_start(&prober->before_poll, on_before_poll);
}
