/* SPDX-License-Identifier: Apache-2.0 */
/* The order, and what ends the search, are those of AWS's own tools (botocore), so that a command
 * typed by an operator and this daemon act as the same principal. */
#include "credentials_load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "result.h"

__attribute__((format(printf, 2, 3))) static void set_error(struct credentials_load *load,
                                                            const char *format, ...)
{
    char text[CREDENTIALS_ERROR_MAX];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    text_escape(load->error, sizeof(load->error), text, strlen(text));
}

/* ---- environment ---- */

static const char *environment(const char *name)
{
    const char *value = getenv(name);

    return value != NULL ? value : "";
}

/* A variable's path, or a file in ~/.aws. "" when there is no home. */
static void set_path(char *out, const char *variable, const char *file)
{
    const char *path = environment(variable);
    char home[CREDENTIALS_PATH_MAX];
    size_t size = sizeof(home);
    int length = 0;

    out[0] = '\0';
    if (path[0] != '\0' && strncmp(path, "~/", 2) != 0) {
        length = snprintf(out, CREDENTIALS_PATH_MAX, "%s", path);
    } else if (uv_os_homedir(home, &size) == 0) {
        if (path[0] != '\0')
            length = snprintf(out, CREDENTIALS_PATH_MAX, "%s/%s", home, path + 2);
        else
            length = snprintf(out, CREDENTIALS_PATH_MAX, "%s/.aws/%s", home, file);
    }
    if (length >= CREDENTIALS_PATH_MAX)
        out[0] = '\0';
}

static int set_profile(struct credentials_load *load, const char *profile)
{
    if (profile[0] == '\0')
        profile = environment("AWS_PROFILE");
    if (profile[0] == '\0')
        profile = environment("AWS_DEFAULT_PROFILE");
    load->is_profile_chosen = profile[0] != '\0';
    if (strlen(profile) > CREDENTIALS_PROFILE_MAX) {
        set_error(load, "a profile name of more than %d characters", CREDENTIALS_PROFILE_MAX);
        return -1;
    }
    snprintf(load->profile, sizeof(load->profile), "%s",
             load->is_profile_chosen ? profile : "default");
    return 0;
}

/* Half a pair is an error, not a reason to look further: somebody meant these to be used. */
static bool load_variables(struct credentials_load *load)
{
    const char *key_id = environment("AWS_ACCESS_KEY_ID");
    const char *secret = environment("AWS_SECRET_ACCESS_KEY");
    char error[CREDENTIALS_ERROR_MAX];

    if (key_id[0] == '\0' && secret[0] == '\0')
        return false;
    if (key_id[0] == '\0' || secret[0] == '\0')
        set_error(load, "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must be set together");
    else if (credentials_set(&load->found, key_id, secret, environment("AWS_SESSION_TOKEN"), error,
                             sizeof(error)) != 0)
        set_error(load, "in the environment: %s", error);
    else
        load->has_found = true;
    return true;
}

bool credentials_load_environment(struct credentials_load *load, const char *profile)
{
    load->has_found = false;
    load->error[0] = '\0';
    if (set_profile(load, profile) != 0)
        return true;
    if (profile[0] == '\0' && load_variables(load))
        return true;
    set_path(load->shared_path, "AWS_SHARED_CREDENTIALS_FILE", "credentials");
    set_path(load->config_path, "AWS_CONFIG_FILE", "config");
    return false;
}

/* ---- files ---- */

/* The file's text, to be wiped and freed by the caller. Returns its length or -errno. A fifo does
 * not hold us up; /dev/null, which people name to say "none", is an empty file. */
static ssize_t read_file(const char *path, char **ret_text)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    size_t size = CREDENTIALS_FILE_MAX + 1;
    ssize_t length = 0;
    ssize_t step = 1;
    struct stat status;
    char *text;

    if (fd < 0)
        return -errno;
    if (fstat(fd, &status) != 0 || !(S_ISREG(status.st_mode) || S_ISCHR(status.st_mode))) {
        close(fd);
        return -EINVAL;
    }
    text = malloc(size);
    while (text != NULL && step > 0 && (size_t)length < size) {
        step = read(fd, text + length, size - (size_t)length);
        if (step > 0)
            length += step;
    }
    if (step < 0)
        length = -errno;
    close(fd);
    if (text == NULL)
        return -ENOMEM;
    if (length < 0) {
        explicit_bzero(text, size);
        free(text);
        return length;
    }
    *ret_text = text;
    return length;
}

/* 0: read, or there is no such file; -1: load->error says. */
static int load_profile(struct credentials_load *load, const char *path,
                        enum credentials_file_kind kind, struct credentials_profile *profile)
{
    char error[CREDENTIALS_ERROR_MAX];
    char *text = NULL;
    ssize_t length = path[0] != '\0' ? read_file(path, &text) : -ENOENT;
    int status = 0;

    memset(profile, 0, sizeof(*profile));
    if (length == -ENOENT)
        return 0;
    if (length < 0) {
        set_error(load, "%s: %s", path,
                  length == -EINVAL ? "not a file" : uv_strerror((int)length));
        return -1;
    }
    if (credentials_file_read(text, (size_t)length, kind, load->profile, profile, error,
                              sizeof(error)) != 0) {
        set_error(load, "%s: %s", path, error);
        status = -1;
    }
    explicit_bzero(text, CREDENTIALS_FILE_MAX + 1);
    free(text);
    return status;
}

/* What the two files together mean; botocore's order. */
static void choose(struct credentials_load *load, const struct credentials_profile *shared,
                   const struct credentials_profile *config)
{
    const char *other_way = NULL;

    if (shared->role_arn[0] != '\0' || config->role_arn[0] != '\0')
        other_way = "role_arn";
    if (other_way != NULL) {
        set_error(load, "profile %s uses %s, which this version cannot follow: give it keys",
                  load->profile, other_way);
    } else if (shared->has_keys) {
        load->found = shared->keys;
        load->has_found = true;
    } else if (shared->credential_process[0] != '\0' || config->credential_process[0] != '\0') {
        set_error(load,
                  "profile %s uses credential_process, which this version cannot follow: give it "
                  "keys",
                  load->profile);
    } else if (config->has_keys) {
        load->found = config->keys;
        load->has_found = true;
    } else {
        set_error(load, "no credentials: %sprofile %s has no keys in %s or %s%s",
                  load->is_profile_chosen ? "" : "AWS_ACCESS_KEY_ID is not set, ", load->profile,
                  load->shared_path[0] != '\0' ? load->shared_path : "(no home)",
                  load->config_path[0] != '\0' ? load->config_path : "(no home)",
                  shared->is_present || config->is_present ? "" : ", and stands in neither");
    }
}

void credentials_load_files(struct credentials_load *load)
{
    struct credentials_profile *profiles = calloc(2, sizeof(*profiles));

    load->has_found = false;
    if (profiles == NULL) {
        set_error(load, "no memory to read credentials");
        return;
    }
    if (load_profile(load, load->shared_path, CREDENTIALS_FILE_SHARED, &profiles[0]) == 0 &&
        load_profile(load, load->config_path, CREDENTIALS_FILE_CONFIG, &profiles[1]) == 0)
        choose(load, &profiles[0], &profiles[1]);
    explicit_bzero(profiles, 2 * sizeof(*profiles));
    free(profiles);
}
