/* SPDX-License-Identifier: Apache-2.0 */
/* The idea: how an attempt may end is decided here, once for all kinds: by the assertion, by a
 * connection that failed, by our own fault, by our own policy. What is ours is void, never bad. */
#include "attempt.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "account.h"
#include "address_policy.h"

/* ---- the end ---- */

static usec_t answered_us(const struct attempt *attempt)
{
    return attempt->answered_us > 0 ? attempt->answered_us : prober_now_us();
}

/* For how long we stood still, when the result may be owed to that; 0: it counts (V4). */
static msec_t own_fault_ms(const struct attempt *attempt, enum result_class class)
{
    msec_t late_ms, lost_ms;

    if (class == RESULT_VOID || attempt->is_side) /* of the sides together is judged at their end */
        return 0;
    late_ms = (prober_now_us() - attempt->begun_us) / 1000 - attempt->check->timeout_ms -
              attempt->given_back_ms;
    if (late_ms > LATE_MAX_MS)
        return late_ms;
    lost_ms = class == RESULT_BAD ? lateness_lost(attempt) : 0;
    return lost_ms > LATE_MAX_MS ? lost_ms : 0;
}

/* Fills the beginning of the detail when our own fault makes the result void. */
static int say_own_fault(struct attempt *attempt, enum result_class class, enum failure failure)
{
    struct result *result = &attempt->result;
    msec_t fault_ms = own_fault_ms(attempt, class);

    if (fault_ms > 0)
        return snprintf(result->detail, sizeof(result->detail),
                        "we stood still for %lld ms: ", (long long)fault_ms);
    /* Of what is slow while more checks wait than begin, a part is ours. */
    if (class == RESULT_BAD && failure == FAILURE_LATENCY && !attempt->is_side &&
        prober_is_pressed(attempt->prober))
        return snprintf(result->detail, sizeof(result->detail), "we have too many checks: ");
    return 0;
}

void attempt_release(struct attempt *attempt)
{
    wheel_clear(&attempt->prober->wheel, &attempt->timer);
    resolver_cancel(attempt->lookup);
    attempt->lookup = NULL;
    if (attempt->spread != NULL && !attempt->is_side)
        spread_release(attempt);
    else
        attempt->kind->release(attempt);
}

void attempt_end(struct attempt *attempt, enum result_class class, enum failure failure,
                 const char *format, ...)
{
    struct result *result = &attempt->result;
    va_list arguments;
    int used;

    assert(attempt->phase != PHASE_WAITING && attempt->phase != PHASE_ENDED);
    used = say_own_fault(attempt, class, failure);
    if (used > 0)
        class = RESULT_VOID;
    va_start(arguments, format);
    vsnprintf(result->detail + used, sizeof(result->detail) - (size_t)used, format, arguments);
    va_end(arguments);
    result->class = class;
    result->failure = failure;
    if (result->timings.total_us < 0) /* of several addresses, it is that of one of them */
        result->timings.total_us = answered_us(attempt) - attempt->begun_us;
    account_end(attempt);
    if (attempt->is_side) {
        attempt_release(attempt);
        attempt->phase = PHASE_ENDED;
        spread_on_end(attempt);
        return;
    }
    naming_tell(attempt);
    prober_put_into_ended(attempt);
}

/* Naming is not the endpoint's latency (V6). */
static usec_t latency(const struct attempt *attempt)
{
    usec_t resolve_us = attempt->result.timings.resolve_us;

    return answered_us(attempt) - attempt->begun_us - (resolve_us > 0 ? resolve_us : 0);
}

/* V4: would it have been quick enough without what may have been ours of its time? */
static bool is_slow_through_us(const struct attempt *attempt, const struct answer *known)
{
    struct answer quicker = *known;
    char ignored[RESULT_DETAIL_MAX + 1];
    enum failure failure = FAILURE_NONE;

    quicker.latency_us -= attempt->waited_us;
    return assertion_judge(attempt->check->assertion, &quicker, &failure, ignored,
                           sizeof(ignored)) != ASSERTION_FAILS ||
           failure != FAILURE_LATENCY;
}

void attempt_judge(struct attempt *attempt, const struct answer *answer, const char *seen)
{
    attempt_judge_as(attempt, answer, seen, "", RESULT_BAD);
}

void attempt_judge_as(struct attempt *attempt, const struct answer *answer, const char *seen,
                      const char *more, enum result_class failed)
{
    struct answer known = *answer;
    char detail[RESULT_DETAIL_MAX + 1];
    enum failure failure = FAILURE_NONE;
    enum assertion_outcome outcome = ASSERTION_HOLDS;

    known.latency_us = latency(attempt);
    known.has |= SUBJECT_BIT(SUBJECT_LATENCY);
    account_answer(attempt, &known);
    if (known.has & SUBJECT_BIT(SUBJECT_STATUS))
        attempt->result.status = known.status;
    if (attempt->check->assertion != NULL)
        outcome =
            assertion_judge(attempt->check->assertion, &known, &failure, detail, sizeof(detail));
    if (outcome == ASSERTION_HOLDS)
        attempt_end(attempt, RESULT_GOOD, FAILURE_NONE, "%s", seen);
    else if (failure == FAILURE_LATENCY && is_slow_through_us(attempt, &known))
        attempt_end(attempt, RESULT_VOID, failure, "we may have read it up to %lld ms late: %s",
                    (long long)attempt->waited_us / 1000, detail);
    else
        attempt_end(attempt, outcome == ASSERTION_FAILS ? failed : RESULT_VOID, failure, "%s%s%s",
                    detail, more[0] != '\0' ? ": " : "", more);
}

/* ---- connections ---- */

void attempt_mark(struct attempt *attempt, usec_t *ret_us)
{
    usec_t now = prober_now_us();

    *ret_us = now - attempt->mark_us;
    attempt->mark_us = now;
}

/* A machine without a route to an address cannot say anything about it. The error alone does not
 * tell, as a router on the way may send it as well; so the kernel is asked for its route. */
static bool is_without_route(const union address *address, int error)
{
    int fd = socket(address->any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool none;

    if (fd < 0)
        return errno == EAFNOSUPPORT;
    none = connect(fd, &address->any, address_length(address)) < 0 && errno == error;
    close(fd);
    return none;
}

bool attempt_is_own_fault(const struct attempt *attempt, int error)
{
    switch (error) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EADDRNOTAVAIL:
    case EADDRINUSE:
    case EAFNOSUPPORT:
    case EPROTONOSUPPORT:
    case ENOSPC: /* of an epoll set: fs.epoll.max_user_watches */
    case EPERM:
    case EAGAIN:
    case ENETDOWN:
        return true;
    case EACCES: /* a rule of ours or a route of type prohibit; of IPv6 also a router's, by ICMP */
        return !attempt->lean.is_out || is_without_route(&attempt->address, error);
    case ENETUNREACH:
    case EHOSTUNREACH: /* a route of type unreachable */
    case EINVAL:       /* a route of type blackhole */
        return is_without_route(&attempt->address, error);
    default:
        return false;
    }
}

static uint32_t address_needs(const union address *address)
{
    if (address->any.sa_family == AF_INET)
        return address_policy_v4((const uint8_t *)&address->v4.sin_addr);
    if (address->any.sa_family == AF_INET6)
        return address_policy_v6(address->v6.sin6_addr.s6_addr);
    return UINT32_MAX; /* nothing a check may talk to */
}

static void end_blocked(struct attempt *attempt, const char *address)
{
    char words[ADDRESS_POLICY_WORDS_MAX];

    address_policy_words(address_needs(&attempt->address), words);
    attempt_end(attempt, RESULT_VOID, FAILURE_POLICY, "%s: blocked by policy: %s is not allowed",
                address, words);
}

void attempt_connect_failed(struct attempt *attempt, int error)
{
    char text[ADDRESS_TEXT_MAX];

    address_format(&attempt->address, text);
    if (error == ATTEMPT_BLOCKED)
        end_blocked(attempt, text);
    else if (attempt_is_own_fault(attempt, error))
        attempt_end(attempt, RESULT_VOID, FAILURE_POLICY, "this machine cannot connect to %s: %s",
                    text, strerror(error));
    else
        attempt_end(attempt, RESULT_BAD, FAILURE_CONNECT, "%s: %s", text, strerror(error));
}

void attempt_lost_as(struct attempt *attempt, enum failure failure, int error)
{
    bool is_ours = attempt_is_own_fault(attempt, error);

    attempt_end(attempt, is_ours ? RESULT_VOID : RESULT_BAD, is_ours ? FAILURE_POLICY : failure,
                "connection lost while %s: %s", attempt->kind->doing(attempt), strerror(error));
}

void attempt_lost(struct attempt *attempt, int error)
{
    attempt_lost_as(attempt, FAILURE_CONNECT, error);
}

/* ---- policy ---- */

/* A loopback literal that stands in the settings themselves is meant. */
static uint32_t allowed(const struct check *check)
{
    bool pinned = check->address != NULL && check->address[0] != '\0';
    uint32_t needs = 0;

    if (!address_policy_text(pinned ? check->address : check->host, &needs))
        return check->allow;
    return check->allow | (needs & ALLOW_LOOPBACK);
}

bool attempt_may_reach(const struct attempt *attempt, const union address *address)
{
    uint32_t needs = address_needs(address);

    return needs == 0 || (needs & ~allowed(attempt->check)) == 0;
}

curl_socket_t attempt_open_for_curl(const struct attempt *attempt, struct curl_sockaddr *address,
                                    int *ret_error)
{
    union address to;
    int fd;

    memset(&to, 0, sizeof(to));
    memcpy(&to, &address->addr, address->addrlen < sizeof(to) ? address->addrlen : sizeof(to));
    if (!attempt_may_reach(attempt, &to)) {
        *ret_error = ATTEMPT_BLOCKED;
        return CURL_SOCKET_BAD;
    }
    fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (fd < 0) {
        *ret_error = errno;
        return CURL_SOCKET_BAD;
    }
    return fd;
}
