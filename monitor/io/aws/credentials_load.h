/* SPDX-License-Identifier: Apache-2.0 */
/* credentials_load.h: looking for credentials once, from environment and files. Blocks: the
 * environment is read on the loop's thread, the files on a worker's. */
#ifndef REGIONSHIFT_IO_AWS_CREDENTIALS_LOAD_H
#define REGIONSHIFT_IO_AWS_CREDENTIALS_LOAD_H

#include <stdbool.h>

#include "credentials_file.h"

enum { CREDENTIALS_ERROR_MAX = 512 };

struct credentials_load {
    char profile[CREDENTIALS_PROFILE_MAX + 1];
    bool is_profile_chosen; /* by settings or AWS_PROFILE: then it must exist */
    char shared_path[CREDENTIALS_PATH_MAX];
    char config_path[CREDENTIALS_PATH_MAX];
    bool has_found;
    struct credentials found;
    char error[CREDENTIALS_ERROR_MAX]; /* unless has_found; escaped */
};

/* Reads the environment: fills all but the file's part. profile: of the settings, "" none.
 * Returns true when nothing is left to be done: found, or an error that no file can mend. */
bool credentials_load_environment(struct credentials_load *load, const char *profile);

/* Reads the files; any thread. */
void credentials_load_files(struct credentials_load *load);

#endif
