/* SPDX-License-Identifier: Apache-2.0 */
/* heap.h: memory that was needed for a moment is given back, so that what grows is a leak. */
#ifndef REGIONSHIFT_HEAP_H
#define REGIONSHIFT_HEAP_H

/* First of all, in main(), before there are threads. */
void heap_set_up(void);

/* Gives back what is free now; a millisecond for some MiB. */
void heap_give_back(void);

/* Calls work(context), which needs much memory for a moment, and gives back what it has freed. */
void heap_run_aside(void (*work)(void *context), void *context);

#endif
