/* SPDX-License-Identifier: Apache-2.0 */
/* Two locks, because one is not enough: the limit does not hold for a program that the kernel pipes
 * core dumps to; the flag does, and keeps ptrace and /proc/PID/mem from others of our user. */
#include "harden.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

void harden_memory(const char *program)
{
    struct rlimit none = {0, 0};

    if (setrlimit(RLIMIT_CORE, &none) < 0)
        fprintf(stderr, "%s: cannot forbid core dumps: %s\n", program, strerror(errno));
    if (prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L) < 0)
        fprintf(stderr, "%s: cannot forbid a look into our memory: %s\n", program, strerror(errno));
}
